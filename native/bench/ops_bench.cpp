// The operations between the matrix products, at the sizes of SmolLM2-135M. What only streams through memory is set
// against a copy of as many bytes by the same threads, attention against the f32 peak. Usage: ops_bench [threads]
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench.hpp"
#include "cpu.hpp"
#include "ops/ops.hpp"

using namespace engram;
using bench::fastest;
using bench::noise;

namespace {

constexpr int64_t kD = 576, kF = 1536, kHeads = 9, kKvHeads = 3, kHeadDim = 64, kVocabulary = 49152;
constexpr int64_t kTokens[] = {32, 128, 512};

class Bench {
 public:
  explicit Bench(int threads) : pool(threads), peak_(measure_peak(threads, 300).f32) {}

  ThreadPool pool;

  // `floats` are those read and those written, together.
  template <class F>
  void stream(const char* name, int64_t T, int64_t floats, F&& run) {
    const double bytes = static_cast<double>(floats) * sizeof(float);
    const double rate = bytes / fastest(run) * 1e-9, copy = copy_rate(floats);
    std::printf("%-22s T=%-4ld %7.1f GB/s     %4.0f%% of a copy (%.1f GB/s)\n", name, static_cast<long>(T), rate,
                100 * rate / copy, copy);
  }

  template <class F>
  void compute(const char* name, int64_t T, double flop, F&& run) {
    const double rate = flop / fastest(run) * 1e-9;
    std::printf("%-22s T=%-4ld %7.1f GFLOP/s  %4.0f%% of the f32 peak (%.0f)\n", name, static_cast<long>(T), rate,
                100 * rate / peak_, peak_);
  }

 private:
  // GB/s, read and written, of a copy that touches as many floats.
  double copy_rate(int64_t floats) {
    constexpr int64_t kChunk = 4096;
    const int64_t n = floats / 2;
    const Floats from = noise(n);
    Floats to(from.size());
    const double seconds = fastest([&] {
      pool.parallel_for((n + kChunk - 1) / kChunk, [&](int64_t chunk) {
        const int64_t start = chunk * kChunk, length = std::min(kChunk, n - start);
        std::memcpy(&to[start], &from[start], static_cast<size_t>(length) * sizeof(float));
      });
    });
    return 2e-9 * static_cast<double>(n) * sizeof(float) / seconds;
  }

  double peak_;
};

void norms(Bench& b, int64_t T) {
  const Floats x = noise(T * kD), dy = x, w = noise(kD);
  Floats y(x.size()), dx(x.size()), rstd(static_cast<size_t>(T));
  b.stream("rmsnorm", T, 2 * T * kD,
           [&] { rmsnorm_forward(y.data(), rstd.data(), x.data(), w.data(), 1e-5f, T, kD, b.pool); });
  b.stream("rmsnorm backward", T, 4 * T * kD,
           [&] { rmsnorm_backward(dx.data(), x.data(), w.data(), rstd.data(), dy.data(), T, kD, b.pool); });
}

void rope(Bench& b, int64_t T) {
  constexpr int64_t kAll = kHeads + 2 * kKvHeads, kTurned = kHeads + kKvHeads;  // queries, keys, values
  Floats qkv = noise(T * kAll * kHeadDim);
  std::vector<int32_t> positions(static_cast<size_t>(T));
  for (int64_t t = 0; t < T; t++) positions[t] = static_cast<int32_t>(t);
  RopeTable table;
  table.extend(T, {.frequencies = std::vector<double>(kHeadDim / 2, 0.1)});
  const int64_t floats = 2 * T * kTurned * kHeadDim;
  b.stream("rope", T, floats,
           [&] { rope_forward(qkv.data(), table, positions.data(), T, kAll, kTurned, kHeadDim, b.pool); });
  b.stream("rope backward", T, floats,
           [&] { rope_backward(qkv.data(), table, positions.data(), T, kAll, kTurned, kHeadDim, b.pool); });
}

void gated(Bench& b, int64_t T) {
  const int64_t n = T * kF;
  const Floats gate_up = noise(2 * n), dy = noise(n);
  Floats y(dy.size()), d_gate_up(gate_up.size());
  b.stream("swiglu", T, 3 * n, [&] { swiglu_forward(y.data(), gate_up.data(), T, kF, b.pool); });
  b.stream("swiglu backward", T, 5 * n,
           [&] { swiglu_backward(d_gate_up.data(), gate_up.data(), dy.data(), T, kF, b.pool); });
  b.stream("geglu", T, 3 * n, [&] { geglu_forward(y.data(), gate_up.data(), T, kF, b.pool); });
  b.stream("geglu backward", T, 5 * n,
           [&] { geglu_backward(d_gate_up.data(), gate_up.data(), dy.data(), T, kF, b.pool); });
}

void attention(Bench& b, int64_t T) {
  const Floats qkv = noise(T * (kHeads + 2 * kKvHeads) * kHeadDim), d_o = noise(T * kHeads * kHeadDim);
  Floats o(d_o.size()), lse(static_cast<size_t>(T * kHeads)), dqkv(qkv.size());
  const std::vector<Segment> segments = {{0, T, 0}};
  Floats shares(static_cast<size_t>(attention_shares(segments, T, kHeads, kHeadDim)));
  const AttentionKind kind = {.scale = 0.125f};
  // One product over the pairs of positions that see each other; forward has two of them, backward five.
  const double product = 2.0 * static_cast<double>(T * (T + 1) / 2 * kHeads * kHeadDim);
  b.compute("attention", T, 2 * product, [&] {
    attention_forward(o.data(), lse.data(), qkv.data(), kind, segments, T, kHeads, kKvHeads, kHeadDim, b.pool);
  });
  b.compute("attention backward", T, 5 * product, [&] {
    attention_backward(dqkv.data(), qkv.data(), o.data(), lse.data(), d_o.data(), kind, segments, T, kHeads, kKvHeads,
                       kHeadDim, shares.data(), b.pool);
  });
}

// Forward and backward are one pass: the logits become their gradient.
void cross_entropy(Bench& b, int64_t T) {
  Floats logits = noise(T * kVocabulary);
  b.stream("cross-entropy", T, 2 * T * kVocabulary, [&] {
    b.pool.parallel_for(
        T, [&](int64_t t) { loss_row(&logits[t * kVocabulary], kVocabulary, static_cast<int32_t>(t), 1, nullptr, 0); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  Bench b(argc > 1 ? std::atoi(argv[1]) : 2);
  std::printf("%s, %d threads\n", isa_name(best_isa()), b.pool.threads());
  for (const auto& op : {norms, rope, gated, attention, cross_entropy}) {
    for (const int64_t T : kTokens) op(b, T);
  }
}
