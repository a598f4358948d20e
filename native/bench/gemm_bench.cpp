// Matrix kernels against the machine's own peak: the shapes of SmolLM2-135M in both directions and every precision,
// then the thin products of LoRA. Not a benchmark of training. Usage: gemm_bench [threads] [isa] [tokens]; best of
// several runs.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "bench.hpp"
#include "cpu.hpp"
#include "gemm/gemm.hpp"

using namespace engram;
using bench::fastest;
using bench::noise;

namespace {

constexpr int kRank = 8;

struct NamedShape {
  const char* name;
  int64_t n_out, n_in;
};
const NamedShape kShapes[] = {
    {"q,o", 576, 576}, {"k,v", 192, 576}, {"gate,up", 1536, 576}, {"down", 576, 1536}, {"head", 49152, 576}};

}  // namespace

int main(int argc, char** argv) {
  ThreadPool pool(argc > 1 ? std::atoi(argv[1]) : 2);
  const int64_t only = argc > 3 ? std::atoll(argv[3]) : 0;
  for (const Isa isa : available_isas()) {
    if (isa == Isa::portable && argc <= 2) continue;
    if (argc > 2 && std::strcmp(argv[2], isa_name(isa))) continue;
    const Peak peak = measure_peak(pool.threads(), 150, isa);
    std::printf("%s, %d threads: peak f32 %.0f, bf16 %.0f, int8 %.0f GFLOP/s\n", isa_name(isa), pool.threads(),
                peak.f32, peak.bf16, peak.int8);
    for (const auto& [precision_name, precision] : bench::kPrecisions) {
      const double top = precision == Precision::int8 && peak.int8 > 0   ? peak.int8
                         : precision == Precision::bf16 && peak.bf16 > 0 ? peak.bf16
                                                                         : peak.f32;
      if (precision == Precision::int8 && peak.int8 == 0) continue;  // works, in ages
      for (const NamedShape& s : kShapes) {
        const FrozenMatrix w(
            s.n_out, s.n_in, precision,
            [&](int64_t row, int64_t count, float* out) {
              for (int64_t i = 0; i < count * s.n_in; i++) out[i] = static_cast<float>((row * s.n_in + i) % 97) * 0.01f;
            },
            pool, isa);
        std::printf("%-10s %-4s %-8s", isa_name(isa), precision_name, s.name);
        for (const int64_t T : {8, 32, 128, 512}) {
          if (only && T != only) continue;
          const Floats x = noise(T * s.n_in), dy = noise(T * s.n_out);
          Floats y(dy.size()), dx(x.size());
          const double gflop = 2e-9 * static_cast<double>(T * s.n_out * s.n_in);
          const double f = gflop / fastest([&] { w.forward(x.data(), y.data(), T, false, pool); });
          const double b = gflop / fastest([&] { w.backward(dy.data(), dx.data(), T, false, pool); });
          std::printf("  T=%-3ld %4.0f %2.0f%% back %4.0f %2.0f%%", static_cast<long>(T), f, 100 * f / top, b,
                      100 * b / top);
        }
        std::printf("\n");
      }
    }
    // The five products of one adapter, W [n_out, n_in], A [r, n_in], B [n_out, r].
    for (const NamedShape& s : kShapes) {
      if (s.n_out > 10000) continue;
      std::printf("%-10s lora r%d %-8s", isa_name(isa), kRank, s.name);
      for (const int64_t T : {32, 128, 512}) {
        if (only && T != only) continue;
        const int64_t r = kRank, i = s.n_in, o = s.n_out;
        const Floats x = noise(T * i), dy = noise(T * o), a = noise(r * i), b = noise(o * r);
        Floats h(static_cast<size_t>(T * r)), y(dy.size()), dx(x.size()), da(a.size()), db(b.size());
        const auto rate = [&](int64_t m, int64_t n, int64_t k, auto&& run) {
          return 2e-9 * static_cast<double>(m * n * k) / fastest(run, 20);
        };
        const double g[] = {
            rate(T, r, i,
                 [&] {
                   gemm({false, true, T, r, i, 1, x.data(), i, a.data(), i, 0, h.data(), r}, pool, isa);
                 }),
            rate(T, o, r,
                 [&] {
                   gemm({false, true, T, o, r, 1, h.data(), r, b.data(), r, 1, y.data(), o}, pool, isa);
                 }),
            rate(T, r, o,
                 [&] {
                   gemm({false, false, T, r, o, 1, dy.data(), o, b.data(), r, 0, h.data(), r}, pool, isa);
                 }),
            rate(o, r, T,
                 [&] {
                   gemm({true, false, o, r, T, 1, dy.data(), o, h.data(), r, 1, db.data(), r}, pool, isa);
                 }),
            rate(r, i, T,
                 [&] {
                   gemm({true, false, r, i, T, 1, h.data(), r, x.data(), i, 1, da.data(), i}, pool, isa);
                 }),
            rate(T, i, r, [&] {
              gemm({false, false, T, i, r, 1, h.data(), r, a.data(), i, 1, dx.data(), i}, pool, isa);
            })};
        const char* names[] = {"xA'", "hB'", "dyB", "dB", "dA", "dx"};
        std::printf("  T=%-3ld", static_cast<long>(T));
        for (int p = 0; p < 6; p++) std::printf(" %s %3.0f %2.0f%%", names[p], g[p], 100 * g[p] / peak.f32);
      }
      std::printf("\n");
    }
  }
}
