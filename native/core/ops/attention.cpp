// Causal grouped-query attention (see ops.hpp). A job is one head of one segment; it never holds more than a block of
// queries against all keys, so memory grows with the length and not with its square (Dao et al. 2022, arXiv 2205.14135,
// on a CPU).
#include <algorithm>
#include <cmath>
#include <cstring>

#include "../gemm/gemm.hpp"
#include "ops.hpp"
#include "vector.hpp"

namespace engram {
namespace {

constexpr int64_t kQueries = 64;  // rows of a block

// Each job computes alone; the pool outside shares out the jobs.
ThreadPool& alone() {
  thread_local ThreadPool pool(1);
  return pool;
}

// Rows [prefix, then own] of one head of x [T, heads, S], side by side as [prefix + length, S].
std::vector<float> gather(const float* x, const Segment& s, int64_t head, int64_t heads, int64_t S) {
  std::vector<float> out((s.prefix + s.length) * S);
  for (int64_t i = 0; i < s.prefix + s.length; i++) {
    const int64_t row = i < s.prefix ? i : s.start + i - s.prefix;
    std::memcpy(&out[i * S], x + (row * heads + head) * S, S * sizeof(float));
  }
  return out;
}

// Some queries of a segment and all the keys they see, numbered as gather() lays them out.
struct Block {
  int64_t first, n;  // queries [first, first + n)
  int64_t from, to;  // keys [from, to)
  int64_t window;
  int64_t n_keys() const { return to - from; }
  // Keys that query i of the block sees, counted from `from`: [begin, end).
  int64_t end(int64_t i) const { return n_keys() - n + i + 1; }
  int64_t begin(int64_t i) const { return window > 0 ? std::max<int64_t>(0, end(i) - window) : 0; }
};

Block block_at(const Segment& s, int64_t first, int64_t window) {
  const int64_t n = std::min(kQueries, s.length - first), before = s.prefix + first;
  return {first, n, window > 0 ? std::max<int64_t>(0, before + 1 - window) : 0, before + n, window};
}

// Capped scores [n, n_keys] of a block; of row i only [begin(i), end(i)) means anything.
void scores(float* out, const float* q, int64_t q_stride, const float* keys, const Block& b, const AttentionKind& kind,
            int64_t S) {
  gemm({false, true, b.n, b.n_keys(), S, kind.scale, q, q_stride, keys + b.from * S, S, 0, out, b.n_keys()}, alone());
  if (kind.cap > 0) soft_cap_forward(out, kind.cap, b.n * b.n_keys());
}

void clear_unseen(float* row, const Block& b, int64_t i) {
  std::fill(row, row + b.begin(i), 0.0f);
  std::fill(row + b.end(i), row + b.n_keys(), 0.0f);
}

}  // namespace

void attention_forward(float* o, float* lse, const float* qkv, const AttentionKind& kind,
                       const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t G, int64_t S,
                       ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  const int64_t W = H + 2 * G;  // heads in a row of qkv
  pool.parallel_for(static_cast<int64_t>(segments.size()) * H, [&](int64_t job) {
    const Segment& seg = segments[job / H];
    const int64_t h = job % H;
    const std::vector<float> keys = gather(qkv, seg, H + h * G / H, W, S),
                             values = gather(qkv, seg, H + G + h * G / H, W, S);
    std::vector<float> p(std::min(kQueries, seg.length) * (seg.prefix + seg.length));
    for (int64_t first = 0; first < seg.length; first += kQueries) {
      const Block b = block_at(seg, first, kind.window);
      const int64_t row0 = seg.start + first, n_keys = b.n_keys();
      scores(p.data(), qkv + (row0 * W + h) * S, W * S, keys.data(), b, kind, S);
      for (int64_t i = 0; i < b.n; i++) {
        float *row = &p[i * n_keys], *seen = row + b.begin(i);
        const int64_t count = b.end(i) - b.begin(i);
        const float max = vec.max(seen, count);
        const double total = vec.exp_sum(seen, max, count);
        vec.scale(seen, static_cast<float>(1 / total), count);
        clear_unseen(row, b, i);
        lse[h * T + row0 + i] = max + static_cast<float>(std::log(total));
      }
      gemm(
          {false, false, b.n, S, n_keys, 1, p.data(), n_keys, &values[b.from * S], S, 0, o + (row0 * H + h) * S, H * S},
          alone());
    }
  });
}

void attention_backward(float* dqkv, const float* qkv, const float* o, const float* lse, const float* d_o,
                        const AttentionKind& kind, const std::vector<Segment>& segments, int64_t T, int64_t H,
                        int64_t G, int64_t S, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  const int64_t W = H + 2 * G;
  const int64_t n_segments = static_cast<int64_t>(segments.size());

  // Every job has gradients of its own for all the keys and values it sees; they are added up afterwards in a fixed
  // order.
  std::vector<std::vector<float>> dkeys(n_segments * H), dvalues(n_segments * H);
  pool.parallel_for(n_segments * H, [&](int64_t job) {
    const Segment& seg = segments[job / H];
    const int64_t h = job % H;
    const std::vector<float> keys = gather(qkv, seg, H + h * G / H, W, S),
                             values = gather(qkv, seg, H + G + h * G / H, W, S);
    std::vector<float>&dkey = dkeys[job], &dvalue = dvalues[job];
    dkey.assign(keys.size(), 0);
    dvalue.assign(values.size(), 0);
    std::vector<float> p(std::min(kQueries, seg.length) * (seg.prefix + seg.length)), dp(p.size()), capped;
    for (int64_t first = 0; first < seg.length; first += kQueries) {
      const Block b = block_at(seg, first, kind.window);
      const int64_t row0 = seg.start + first, at = row0 * H + h, n = b.n, n_keys = b.n_keys(), offset = b.from * S;
      const float* q = qkv + (row0 * W + h) * S;
      scores(p.data(), q, W * S, keys.data(), b, kind, S);
      if (kind.cap > 0) capped.assign(p.begin(), p.begin() + n * n_keys);
      gemm({false, true, n, n_keys, S, 1, d_o + at * S, H * S, &values[offset], S, 0, dp.data(), n_keys},
           alone());  // dp = do vᵀ
      for (int64_t i = 0; i < n; i++) {
        float *row = &p[i * n_keys], *drow = &dp[i * n_keys], *seen = row + b.begin(i), *dseen = drow + b.begin(i);
        const int64_t count = b.end(i) - b.begin(i);
        vec.exp_sum(seen, lse[h * T + row0 + i], count);  // probabilities
        const float delta = vec.dot(o + (at + i * H) * S, d_o + (at + i * H) * S, S);
        vec.softmax_backward(dseen, seen, dseen, delta, kind.scale, count);
        if (kind.cap > 0) soft_cap_backward(dseen, &capped[i * n_keys + b.begin(i)], kind.cap, count);
        clear_unseen(row, b, i);
        clear_unseen(drow, b, i);
      }
      const Product products[] = {
          {false, false, n, S, n_keys, 1, dp.data(), n_keys, &keys[offset], S, 0, dqkv + (row0 * W + h) * S,
           W * S},                                                                                        // ds k
          {true, false, n_keys, S, n, 1, dp.data(), n_keys, q, W * S, 1, &dkey[offset], S},               // dsᵀ q
          {true, false, n_keys, S, n, 1, p.data(), n_keys, d_o + at * S, H * S, 1, &dvalue[offset], S}};  // pᵀ do
      gemm(products, alone());
    }
  });

  for (int64_t t = 0; t < T; t++) std::fill_n(dqkv + (t * W + H) * S, 2 * G * S, 0.0f);
  pool.parallel_for(G, [&](int64_t g) {
    for (int64_t job = 0; job < n_segments * H; job++) {
      if (job % H * G / H != g) continue;
      const Segment& seg = segments[job / H];
      for (int64_t i = 0; i < seg.prefix + seg.length; i++) {
        const int64_t row = i < seg.prefix ? i : seg.start + i - seg.prefix;
        vec.add(dqkv + (row * W + H + g) * S, &dkeys[job][i * S], S);
        vec.add(dqkv + (row * W + H + G + g) * S, &dvalues[job][i * S], S);
      }
    }
  });
}

}  // namespace engram
