// Causal grouped-query attention (see ops.hpp). A job is one head of one segment; it never holds more than a block of
// queries against all keys, so memory grows with the length and not with its square (Dao et al. 2022, arXiv 2205.14135,
// on a CPU). All products are made of the kernels' tiles on rows padded to whole vectors.
#include <algorithm>
#include <cmath>

#include "../aligned.hpp"
#include "../cpu.hpp"
#include "../gemm/kernels.hpp"
#include "../rounding.hpp"
#include "ops.hpp"
#include "vector.hpp"

namespace engram {
namespace {

using kernels::Table;

constexpr int64_t kQueries = 32;  // rows of a block

// C[rows, cols] (+)= alpha · A[rows, k] · B[k, cols]. B is read up to the next multiple of a panel beyond its columns.
void multiply(const Table& t, int64_t rows, int64_t cols, int64_t k, float alpha, const float* A, int64_t lda,
              const float* B, int64_t ldb, float* C, int64_t ldc, bool add) {
  const int64_t tiles = ceil_div(rows, t.rows);
  for (int64_t col = 0; col < cols; col += t.lanes) {
    for (int64_t i = 0; i < tiles; i++) {
      const int64_t row = rows * i / tiles, count = rows * (i + 1) / tiles - row;
      t.tile({count,
              std::min(t.lanes, cols - col),
              k,
              A + row * lda,
              lda,
              B + col,
              ldb,
              C + row * ldc + col,
              ldc,
              alpha,
              add,
              {reinterpret_cast<const char*>(B), k, 0, 0}});
    }
  }
}

// Some rows of one head, and where they lie in x [T, heads, S].
struct Head {
  const float* x;
  int64_t heads, head, S;
  const float* row(int64_t t) const { return x + (t * heads + head) * S; }
};

// Row i of what a segment sees, the prefix first, is this row of the batch.
int64_t row_of(const Segment& s, int64_t i) { return i < s.prefix ? s.prefix_start + i : s.start + i - s.prefix; }

// What one thread needs at a time. N keys, padded rows Sp and Np.
struct Scratch {
  Floats keys, values;      // [N, Sp]
  Floats keys_t, values_t;  // [S, Np]
  Floats q, d_o;            // [n, Sp]
  Floats p, dp, capped;     // [n, Np]
  Floats turned;            // [N, n]
};

Scratch& scratch() {
  thread_local Scratch mine;
  return mine;
}

// Rows first, first + 1 … of a segment as [count, Sp], the padding zero.
const float* gather(Floats& out, const Head& head, const Segment& s, int64_t first, int64_t count, int64_t Sp) {
  float* to = sized(out, count * Sp);
  for (int64_t i = 0; i < count; i++, to += Sp)
    std::fill(std::copy_n(head.row(row_of(s, first + i)), head.S, to), to + Sp, 0.0f);
  return out.data();
}

const float* transposed(Floats& out, const float* x, int64_t rows, int64_t S, int64_t Sp, int64_t Np, const Table& t) {
  t.transpose(x, Sp, rows, S, sized(out, S * Np), Np);
  return out.data();
}

// Some queries of a segment and all the keys they see, numbered with the prefix first.
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

// Capped scores [n, ld] of a block; of row i only [begin(i), end(i)) means anything.
void scores(const Table& t, float* out, int64_t ld, const float* q, int64_t Sp, const float* keys_t, int64_t Np,
            const Block& b, const AttentionKind& kind, int64_t S) {
  multiply(t, b.n, b.n_keys(), S, kind.scale, q, Sp, keys_t + b.from, Np, out, ld, false);
  if (kind.cap <= 0) return;
  for (int64_t i = 0; i < b.n; i++) soft_cap_forward(out + i * ld, kind.cap, b.n_keys());
}

void clear_unseen(float* row, const Block& b, int64_t i) {
  std::fill(row, row + b.begin(i), 0.0f);
  std::fill(row + b.end(i), row + b.n_keys(), 0.0f);
}

// Those of the rows a segment sees that get a gradient: not those beyond the batch.
int64_t rows_with_shares(const Segment& s, int64_t T) { return s.length + (s.prefix_start < T ? s.prefix : 0); }

}  // namespace

int64_t attention_shares(const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t S) {
  int64_t rows = 0;
  for (const Segment& s : segments) rows += rows_with_shares(s, T);
  return 2 * H * rows * round_up(S, kernels::table(best_isa()).lanes);
}

void attention_forward(float* o, float* lse, const float* qkv, const AttentionKind& kind,
                       const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t G, int64_t S,
                       ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  const Table& t = kernels::table(best_isa());
  const int64_t W = H + 2 * G, Sp = round_up(S, t.lanes);
  pool.parallel_for(static_cast<int64_t>(segments.size()) * H, [&](int64_t job) {
    const Segment& seg = segments[job / H];
    const int64_t h = job % H, g = h * G / H, N = seg.prefix + seg.length, Np = round_up(N, t.lanes) + t.lanes;
    Scratch& mine = scratch();
    const float* keys_t =
        transposed(mine.keys_t, gather(mine.keys, {qkv, W, H + g, S}, seg, 0, N, Sp), N, S, Sp, Np, t);
    const float* values = gather(mine.values, {qkv, W, H + G + g, S}, seg, 0, N, Sp);
    float* p = sized(mine.p, kQueries * Np);
    for (int64_t first = 0; first < seg.length; first += kQueries) {
      const Block b = block_at(seg, first, kind.window);
      const int64_t row0 = seg.start + first, n_keys = b.n_keys();
      scores(t, p, Np, qkv + (row0 * W + h) * S, W * S, keys_t, Np, b, kind, S);
      for (int64_t i = 0; i < b.n; i++) {
        float *row = p + i * Np, *seen = row + b.begin(i);
        const int64_t count = b.end(i) - b.begin(i);
        const float max = vec.max(seen, count);
        const double total = vec.exp_sum(seen, max, count);
        vec.scale(seen, static_cast<float>(1 / total), count);
        clear_unseen(row, b, i);
        lse[h * T + row0 + i] = max + static_cast<float>(std::log(total));
      }
      multiply(t, b.n, S, n_keys, 1, p, Np, values + b.from * Sp, Sp, o + (row0 * H + h) * S, H * S, false);
    }
  });
}

void attention_backward(float* dqkv, const float* qkv, const float* o, const float* lse, const float* d_o,
                        const AttentionKind& kind, const std::vector<Segment>& segments, int64_t T, int64_t H,
                        int64_t G, int64_t S, float* shares, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  const Table& t = kernels::table(best_isa());
  const int64_t W = H + 2 * G, Sp = round_up(S, t.lanes);
  const int64_t n_segments = static_cast<int64_t>(segments.size());

  // Every job has gradients of its own for the keys and values it sees, from `skipped` on, [N - skipped, Sp] each; they
  // are added up afterwards in a fixed order.
  std::vector<int64_t> at(static_cast<size_t>(n_segments * H + 1), 0);
  for (int64_t job = 0; job < n_segments * H; job++)
    at[job + 1] = at[job] + 2 * rows_with_shares(segments[job / H], T) * Sp;

  pool.parallel_for(n_segments * H, [&](int64_t job) {
    const Segment& seg = segments[job / H];
    const int64_t h = job % H, g = h * G / H, N = seg.prefix + seg.length, Np = round_up(N, t.lanes) + t.lanes;
    Scratch& mine = scratch();
    const float* keys = gather(mine.keys, {qkv, W, H + g, S}, seg, 0, N, Sp);
    const float* keys_t = transposed(mine.keys_t, keys, N, S, Sp, Np, t);
    const float* values = gather(mine.values, {qkv, W, H + G + g, S}, seg, 0, N, Sp);
    const float* values_t = transposed(mine.values_t, values, N, S, Sp, Np, t);
    const int64_t held = rows_with_shares(seg, T) * Sp, skipped = N - held / Sp;
    float *dkeys = shares + at[job], *dvalues = dkeys + held;
    std::fill(dkeys, dvalues + held, 0.0f);
    float *p = sized(mine.p, kQueries * Np), *dp = sized(mine.dp, kQueries * Np);
    float* turned = sized(mine.turned, N * kQueries);
    for (int64_t first = 0; first < seg.length; first += kQueries) {
      const Block b = block_at(seg, first, kind.window);
      const int64_t row0 = seg.start + first, n = b.n, n_keys = b.n_keys(), from = b.from;
      const float* q = gather(mine.q, {qkv, W, h, S}, seg, seg.prefix + first, n, Sp);
      const float* d_o_rows = gather(mine.d_o, {d_o, H, h, S}, seg, seg.prefix + first, n, Sp);
      scores(t, p, Np, q, Sp, keys_t, Np, b, kind, S);
      if (kind.cap > 0) std::copy_n(p, n * Np, sized(mine.capped, n * Np));
      multiply(t, n, n_keys, S, 1, d_o_rows, Sp, values_t + from, Np, dp, Np, false);  // dp = do vᵀ
      for (int64_t i = 0; i < n; i++) {
        float *row = p + i * Np, *drow = dp + i * Np, *seen = row + b.begin(i), *dseen = drow + b.begin(i);
        const int64_t count = b.end(i) - b.begin(i);
        vec.exp_sum(seen, lse[h * T + row0 + i], count);  // probabilities
        const float delta = vec.dot(o + ((row0 + i) * H + h) * S, d_o_rows + i * Sp, S);
        vec.softmax_backward(dseen, seen, dseen, delta, kind.scale, count);
        if (kind.cap > 0) soft_cap_backward(dseen, &mine.capped[i * Np + b.begin(i)], kind.cap, count);
        clear_unseen(row, b, i);
        clear_unseen(drow, b, i);
      }
      multiply(t, n, S, n_keys, 1, dp, Np, keys + from * Sp, Sp, dqkv + (row0 * W + h) * S, W * S, false);  // dq = ds k
      const int64_t key = std::max(from, skipped), low = key - from, n_own = n_keys - low, to = (key - skipped) * Sp;
      t.transpose(dp + low, Np, n, n_own, turned, n);
      multiply(t, n_own, S, n, 1, turned, n, q, Sp, dkeys + to, Sp, true);  // dk += dsᵀ q
      t.transpose(p + low, Np, n, n_own, turned, n);
      multiply(t, n_own, S, n, 1, turned, n, d_o_rows, Sp, dvalues + to, Sp, true);  // dv += pᵀ do
    }
  });

  // Every row of the batch is some segment's own; those of the prefix have shares in the other segments too.
  const auto add = [&](int64_t segment, int64_t g, int64_t first, int64_t last, bool own) {
    const Segment& seg = segments[segment];
    const int64_t held = rows_with_shares(seg, T) * Sp, skipped = seg.prefix + seg.length - held / Sp;
    for (int64_t i = first; i < last; i++) {
      float* dk = dqkv + (row_of(seg, i) * W + H + g) * S;
      float* dv = dk + G * S;
      if (own) std::fill_n(dk, S, 0.0f), std::fill_n(dv, S, 0.0f);
      for (int64_t h = 0; h < H; h++) {
        if (h * G / H != g) continue;
        const float* share = shares + at[segment * H + h] + (i - skipped) * Sp;
        vec.add(dk, share, S);
        vec.add(dv, share + held, S);
      }
    }
  };
  pool.parallel_for(n_segments * G, [&](int64_t job) {
    const Segment& seg = segments[job / G];
    add(job / G, job % G, seg.prefix, seg.prefix + seg.length, true);
  });
  pool.parallel_for(G, [&](int64_t g) {
    for (int64_t segment = 0; segment < n_segments; segment++) {
      if (segments[segment].prefix_start < T) add(segment, g, 0, segments[segment].prefix, false);
    }
  });
}

}  // namespace engram
