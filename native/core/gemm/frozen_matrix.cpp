// FrozenMatrix: chooses how W is stored, and what all ways of storing share (see storage.hpp).
#include <algorithm>
#include <new>

#include "../error.hpp"
#include "gemm.hpp"
#include "storage.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace engram {

using kernels::Table;

constexpr size_t kHugePage = size_t{2} << 20;

AlignedBuffer::AlignedBuffer(int64_t bytes)
    : align_(static_cast<size_t>(bytes) >= 2 * kHugePage ? kHugePage : 64),
      data_(::operator new(static_cast<size_t>(bytes), std::align_val_t{align_})) {
#if defined(__linux__)
  if (align_ == kHugePage) madvise(data_, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // advice only: may fail
#endif
}

AlignedBuffer::~AlignedBuffer() { ::operator delete(data_, std::align_val_t{align_}); }

Precision default_precision() {
  // By peaks measured on two threads (docs/benchmarks.md), in GFLOP/s. A Xeon: with VNNI bytes 1,450, f32 357, bf16
  // 179; with AVX-512 but no VNNI bytes 351 (AVX2's kernel), f32 357; with AVX2 bytes 351, f32 191. An EPYC with AVX2,
  // one thread: bytes 204, f32 104. So bytes, unless f32 is as fast, which has wider vectors then. ARM's were counted,
  // not measured (docs/packages.md).
  const CpuFeatures& cpu = cpu_features();
  if (cpu.avx512_vnni || cpu.avx_vnni || best_isa() == Isa::avx2 || cpu.neon_dotprod) return Precision::int8;
  return best_isa() == Isa::portable ? Precision::f32 : Precision::f16;
}

void add_low_rank(const Table& t, const LowRank& e, float* y, int64_t n, int64_t col, int64_t cols, int64_t row,
                  int64_t rows, float* scratch) {
  const Parts tiles(rows, t.rows);
  for (int64_t at = col; at < col + cols; at += t.lanes) {
    const int64_t from = std::max(e.first, at), to = std::min({e.first + e.n, at + t.lanes, col + cols});
    if (from >= to) continue;
    for (int64_t begin = 0; begin < e.rank; begin += kLowRankStep) {  // U[begin..end, from..to] as a panel
      const int64_t end = std::min(e.rank, begin + kLowRankStep);
      const float* b = scratch;
      int64_t ldb = t.lanes;
      if (e.transposed) {
        t.transpose(e.u + (from - e.first) * e.rank + begin, e.rank, to - from, end - begin, scratch, t.lanes);
      } else if (to - from == t.lanes) {
        b = e.u + begin * e.n + from - e.first;
        ldb = e.n;
      } else {
        for (int64_t r = begin; r < end; r++)
          std::copy_n(e.u + r * e.n + from - e.first, to - from, scratch + (r - begin) * t.lanes);
      }
      const kernels::Ahead nothing{reinterpret_cast<const char*>(b), end - begin, 0, 0};
      for (int64_t i = 0; i < tiles.count; i++) {
        const int64_t first = row + tiles.begin(i), count = tiles.begin(i + 1) - tiles.begin(i);
        t.tile({count, to - from, end - begin, e.h + first * e.ldh + begin, e.ldh, b, ldb, y + first * n + from, n,
                e.scale, true, nothing});
      }
    }
  }
}

FrozenMatrix::FrozenMatrix(int64_t n_out, int64_t n_in, Precision precision, const RowReader& read, ThreadPool& pool,
                           Isa isa) {
  if (n_out <= 0 || n_in <= 0) throw Error("corrupt", "a weight matrix has no rows or no columns");
  storage_ = precision == Precision::int8 ? pack_int8(n_out, n_in, read, pool, isa)
                                          : pack_floats(n_out, n_in, precision, read, pool, isa);
}

FrozenMatrix::~FrozenMatrix() = default;
FrozenMatrix::FrozenMatrix(FrozenMatrix&&) noexcept = default;
FrozenMatrix& FrozenMatrix::operator=(FrozenMatrix&&) noexcept = default;

int64_t FrozenMatrix::n_out() const { return storage_->n_out; }
int64_t FrozenMatrix::n_in() const { return storage_->n_in; }
int64_t FrozenMatrix::bytes() const { return storage_->bytes; }

void FrozenMatrix::forward(const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
                           std::span<const LowRank> extra) const {
  storage_->product(true, x, y, T, accumulate, pool, extra);
}

void FrozenMatrix::backward(const float* dy, float* dx, int64_t T, bool accumulate, ThreadPool& pool,
                            std::span<const LowRank> extra) const {
  storage_->product(false, dy, dx, T, accumulate, pool, extra);
}

}  // namespace engram
