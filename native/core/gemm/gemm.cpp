// The thin f32 products of LoRA. B is used as it lies where its rows run along n; else it is packed, per chunk, into
// panels. When n is a rank and A is stored transposed, the transpose of C is computed, so that vectors run along the
// long side; when n is very small and k long, C is made of dot products. Not here: anything clever for large square
// matrices.
#include "gemm.hpp"

#include <algorithm>
#include <memory>

#include "kernels.hpp"

namespace engram {
namespace {

using kernels::kMaxLanes;
using kernels::Table;

constexpr int64_t kRowBlock = 64;  // most rows of C in a chunk
constexpr int64_t kReduce = 256;   // values of the reduction per pass
constexpr int64_t kFew = 8;        // columns up to which dot products along k beat vectors along n
constexpr int64_t kWork = 200000;  // multiply-adds worth a chunk of its own

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// B[begin..end, col..col + cols] as a panel [end - begin, lanes]: in place where it is wide enough, else in `scratch`.
const float* panel_of(const Table& t, bool tb, const float* B, int64_t ldb, int64_t begin, int64_t end, int64_t col,
                      int64_t cols, float* scratch, int64_t& stride) {
  stride = t.lanes;
  const int64_t k = end - begin;
  if (tb) {
    if (cols < t.lanes) std::fill(scratch, scratch + k * t.lanes, 0.0f);
    t.transpose(B + col * ldb + begin, ldb, cols, k, scratch, t.lanes);
    return scratch;
  }
  if (cols == t.lanes) {
    stride = ldb;
    return B + begin * ldb + col;
  }
  for (int64_t p = 0; p < k; p++) {
    const float* source = B + (begin + p) * ldb + col;
    float* row = scratch + p * t.lanes;
    std::fill(std::copy(source, source + cols, row), row + t.lanes, 0.0f);
  }
  return scratch;
}

// C = row + beta · C, where beta = 0 ignores C.
void add_row(const float* row, int64_t n, float beta, float* C) {
  if (beta == 0) {
    std::copy_n(row, n, C);
  } else {
    for (int64_t i = 0; i < n; i++) C[i] = row[i] + beta * C[i];
  }
}

}  // namespace

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* A, int64_t lda, const float* B,
          int64_t ldb, float beta, float* C, int64_t ldc, ThreadPool& pool, Isa isa) {
  if (m <= 0 || n <= 0) return;
  const Table& t = kernels::table(isa);
  // Cᵀ = op(B)ᵀ · op(A)ᵀ swaps the operands, and each that was stored transposed no longer is.
  const bool swap = ta && m > n && n <= kRowBlock;
  if (swap) {
    std::swap(m, n);
    std::swap(A, B);
    std::swap(lda, ldb);
    const bool was = ta;
    ta = !tb;
    tb = !was;
  }

  std::unique_ptr<float[]> rows;  // op(A) with rows along k
  if (ta) {
    rows = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(m * k));
    t.transpose(A, lda, k, m, rows.get(), k);
    A = rows.get();
    lda = k;
  }

  if (!ta && !swap && n <= kFew && k >= 4 * t.lanes && (beta == 0 || beta == 1)) {
    if (!tb) {  // rows of B along k
      rows = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(n * k));
      t.transpose(B, ldb, k, n, rows.get(), k);
      B = rows.get();
      ldb = k;
    }
    const int64_t parts = ceil_div(m, std::max<int64_t>(24, kWork / (n * k)));  // 24: a multiple of the kernels' rows
    pool.parallel_for(parts, [&](int64_t part) {
      const int64_t first = m * part / parts, count = m * (part + 1) / parts - first;
      t.dots({count, n, k, A + first * lda, lda, B, ldb, C + first * ldc, ldc, alpha, beta == 1});
    });
    return;
  }

  const int64_t panels = ceil_div(n, t.lanes);
  const int64_t blocks = ceil_div(m, kRowBlock);
  const int64_t group = std::max<int64_t>(1, kWork / std::max<int64_t>(1, std::min(m, kRowBlock) * k * t.lanes));
  const int64_t groups = ceil_div(panels, group);
  pool.parallel_for(groups * blocks, [&](int64_t chunk) {
    alignas(64) float scratch[kReduce * kMaxLanes];
    alignas(64) float out[kRowBlock * kMaxLanes];     // [rows, lanes]
    alignas(64) float turned[kMaxLanes * kRowBlock];  // its transpose
    const int64_t first = chunk % blocks * m / blocks, count = (chunk % blocks + 1) * m / blocks - first;
    const int64_t tiles = ceil_div(count, t.rows);
    const int64_t last_panel = std::min(panels, (chunk / blocks + 1) * group);
    for (int64_t panel = chunk / blocks * group; panel < last_panel; panel++) {
      const int64_t col = panel * t.lanes, cols = std::min(t.lanes, n - col);
      const bool direct = !swap && (beta == 0 || beta == 1);
      float* c = direct ? C + first * ldc + col : out;
      const int64_t stride_c = direct ? ldc : t.lanes;
      bool add = direct && beta == 1;
      if (k == 0 && !add)
        for (int64_t r = 0; r < count; r++) std::fill_n(c + r * stride_c, cols, 0.0f);
      for (int64_t begin = 0; begin < k; begin += kReduce, add = true) {
        const int64_t end = std::min(k, begin + kReduce);
        int64_t stride;
        const float* b = panel_of(t, tb, B, ldb, begin, end, col, cols, scratch, stride);
        for (int64_t i = 0; i < tiles; i++) {
          const int64_t row = i * count / tiles, height = (i + 1) * count / tiles - row;
          t.tile({height,
                  cols,
                  end - begin,
                  A + (first + row) * lda + begin,
                  lda,
                  b,
                  stride,
                  c + row * stride_c,
                  stride_c,
                  alpha,
                  add,
                  {reinterpret_cast<const char*>(b), end - begin, 0, 0}});
        }
      }
      if (direct) continue;
      if (swap) {  // whole blocks of 16, whatever lies beyond `count`: narrower ones transpose slowly
        t.transpose(out, t.lanes, ceil_div(count, 16) * 16, t.lanes, turned, kRowBlock);
        for (int64_t j = 0; j < cols; j++) add_row(turned + j * kRowBlock, count, beta, C + (col + j) * ldc + first);
      } else {
        for (int64_t r = 0; r < count; r++) add_row(out + r * t.lanes, cols, beta, C + (first + r) * ldc + col);
      }
    }
  });
}

}  // namespace engram
