// The thin f32 products of LoRA. B is used as it lies where its rows run along n; else it is packed, per chunk, into
// panels. When n is a rank and A is stored transposed, the transpose of C is computed, so that vectors run along the
// long side; when n is very small and k long, C is made of dot products. Not here: anything clever for large square
// matrices.
#include "gemm.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "../rounding.hpp"
#include "kernels.hpp"

namespace engram {
namespace {

using kernels::kMaxLanes;
using kernels::Table;

constexpr int64_t kMC = 64;             // rows of a chunk, at most
constexpr int64_t kKC = 256;            // values of the reduction per pass
constexpr int64_t kFew = 8;             // columns up to which dot products along k beat vectors along n
constexpr int64_t kChunkWork = 200000;  // multiply-adds worth a chunk of their own

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

// One product, cut into chunks that may run in any order.
class Job {
 public:
  Job(const Product& product, Isa isa);
  int64_t chunks() const { return chunks_; }
  void run(int64_t chunk) const { few_ ? run_dots(chunk) : run_panels(chunk); }

 private:
  void run_dots(int64_t chunk) const;
  void run_panels(int64_t chunk) const;

  const Table& t_;
  Product p_;
  bool swap_ = false, few_ = false;
  std::unique_ptr<float[]> turned_;  // an operand with its rows along k, where it was not stored so
  int64_t blocks_ = 0, group_ = 0, chunks_ = 0;
};

Job::Job(const Product& product, Isa isa) : t_(kernels::table(isa)), p_(product) {
  Product& p = p_;
  if (p.m <= 0 || p.n <= 0) return;
  // Cᵀ = op(B)ᵀ · op(A)ᵀ swaps the operands, and each that was stored transposed no longer is.
  swap_ = p.ta && p.m > p.n && p.n <= kMC;
  if (swap_) {
    std::swap(p.m, p.n);
    std::swap(p.A, p.B);
    std::swap(p.lda, p.ldb);
    const bool was = p.ta;
    p.ta = !p.tb;
    p.tb = !was;
  }
  few_ = !p.ta && !swap_ && p.n <= kFew && p.k >= 4 * t_.lanes && (p.beta == 0 || p.beta == 1);
  if (p.ta) {
    turned_ = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(p.m * p.k));
    t_.transpose(p.A, p.lda, p.k, p.m, turned_.get(), p.k);
    p.A = turned_.get();
    p.lda = p.k;
  } else if (few_ && !p.tb) {
    turned_ = std::make_unique_for_overwrite<float[]>(static_cast<size_t>(p.n * p.k));
    t_.transpose(p.B, p.ldb, p.k, p.n, turned_.get(), p.k);
    p.B = turned_.get();
    p.ldb = p.k;
  }
  if (few_) {
    chunks_ = ceil_div(p.m, std::max<int64_t>(24, kChunkWork / (p.n * p.k)));  // 24: a multiple of the kernels' rows
  } else {
    blocks_ = ceil_div(p.m, kMC);
    group_ = std::max<int64_t>(1, kChunkWork / std::max<int64_t>(1, std::min(p.m, kMC) * p.k * t_.lanes));
    chunks_ = blocks_ * ceil_div(ceil_div(p.n, t_.lanes), group_);
  }
}

void Job::run_dots(int64_t chunk) const {
  const Product& p = p_;
  const int64_t first = p.m * chunk / chunks_, count = p.m * (chunk + 1) / chunks_ - first;
  t_.dots({count, p.n, p.k, p.A + first * p.lda, p.lda, p.B, p.ldb, p.C + first * p.ldc, p.ldc, p.alpha, p.beta == 1});
}

void Job::run_panels(int64_t chunk) const {
  const Product& p = p_;
  const Table& t = t_;
  alignas(64) float scratch[kKC * kMaxLanes];
  alignas(64) float out[kMC * kMaxLanes];     // [rows, lanes]
  alignas(64) float turned[kMaxLanes * kMC];  // its transpose
  const int64_t first = chunk % blocks_ * p.m / blocks_, count = (chunk % blocks_ + 1) * p.m / blocks_ - first;
  const int64_t tiles = ceil_div(count, t.rows);
  const int64_t last_panel = std::min(ceil_div(p.n, t.lanes), (chunk / blocks_ + 1) * group_);
  for (int64_t panel = chunk / blocks_ * group_; panel < last_panel; panel++) {
    const int64_t col = panel * t.lanes, cols = std::min(t.lanes, p.n - col);
    const bool direct = !swap_ && (p.beta == 0 || p.beta == 1);
    float* c = direct ? p.C + first * p.ldc + col : out;
    const int64_t stride_c = direct ? p.ldc : t.lanes;
    bool add = direct && p.beta == 1;
    if (p.k == 0 && !add)
      for (int64_t r = 0; r < count; r++) std::fill_n(c + r * stride_c, cols, 0.0f);
    for (int64_t begin = 0; begin < p.k; begin += kKC, add = true) {
      const int64_t end = std::min(p.k, begin + kKC);
      int64_t stride;
      const float* b = panel_of(t, p.tb, p.B, p.ldb, begin, end, col, cols, scratch, stride);
      for (int64_t i = 0; i < tiles; i++) {
        const int64_t row = i * count / tiles, height = (i + 1) * count / tiles - row;
        t.tile({height,
                cols,
                end - begin,
                p.A + (first + row) * p.lda + begin,
                p.lda,
                b,
                stride,
                c + row * stride_c,
                stride_c,
                p.alpha,
                add,
                {reinterpret_cast<const char*>(b), end - begin, 0, 0}});
      }
    }
    if (direct) continue;
    if (swap_) {  // whole blocks of 16, whatever lies beyond `count`: narrower ones transpose slowly
      t.transpose(out, t.lanes, ceil_div(count, 16) * 16, t.lanes, turned, kMC);
      for (int64_t j = 0; j < cols; j++) add_row(turned + j * kMC, count, p.beta, p.C + (col + j) * p.ldc + first);
    } else {
      for (int64_t r = 0; r < count; r++) add_row(out + r * t.lanes, cols, p.beta, p.C + (first + r) * p.ldc + col);
    }
  }
}

}  // namespace

void gemm(std::span<const Product> products, ThreadPool& pool, Isa isa) {
  std::vector<Job> jobs;
  jobs.reserve(products.size());
  int64_t chunks = 0;
  for (const Product& p : products) chunks += jobs.emplace_back(p, isa).chunks();
  pool.parallel_for(chunks, [&](int64_t chunk) {
    size_t job = 0;
    while (chunk >= jobs[job].chunks()) chunk -= jobs[job++].chunks();
    jobs[job].run(chunk);
  });
}

}  // namespace engram
