// What FrozenMatrix is made of: one packed copy of W that serves both directions, and the helpers its two kinds share.
// Not an interface for anything outside this folder.
//
// How products are cut is named as in BLIS (Van Zee & van de Geijn 2015): y is [m, n], sums run over k. A chunk, which
// one thread computes, has at most MC rows and, where k is long, NC panels; a pass sums KC values. MR and NR, the size
// of a tile, belong to the kernels (Table::rows, Table::lanes).
#pragma once

#include <cstdint>
#include <span>

#include "../rounding.hpp"
#include "gemm.hpp"
#include "kernels.hpp"

namespace engram {

// Cuts n into the fewest parts of at most `most`, as even as can be: part i is [begin(i), begin(i + 1)).
struct Parts {
  int64_t n, count;
  Parts(int64_t n, int64_t most) : n(n), count(n <= most ? 1 : ceil_div(n, most)) {}
  int64_t begin(int64_t i) const { return n * i / count; }
};

// Aligned memory, not initialised. Large buffers ask for huge pages: backward touches a block here and a block there,
// and would miss the TLB at each.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(int64_t bytes);
  ~AlignedBuffer();
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  size_t align_;
  void* data_;
};

struct FrozenMatrix::Storage {
  int64_t n_out, n_in;
  int64_t bytes = 0;
  Storage(int64_t n_out, int64_t n_in) : n_out(n_out), n_in(n_in) {}
  virtual ~Storage() = default;
  // y[T, n] (+)= x[T, k] · B with B = Wᵀ (forward) or W (backward), plus `extra`. Every sum runs over k in the same
  // order whatever T, the threads and the neighbours in its tile are.
  virtual void product(bool forward, const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
                       std::span<const LowRank> extra) const = 0;
};

// Floats or halves (packed_floats.cpp) and bytes (int8_matrix.cpp).
std::unique_ptr<FrozenMatrix::Storage> pack_floats(int64_t n_out, int64_t n_in, Precision precision,
                                                   const RowReader& read, ThreadPool& pool, Isa isa);
std::unique_ptr<FrozenMatrix::Storage> pack_int8(int64_t n_out, int64_t n_in, const RowReader& read, ThreadPool& pool,
                                                 Isa isa);

constexpr int64_t kLowRankStep = 256;  // ranks per pass; the scratch below holds as many rows of a panel
// Adds the share of `e` to columns [col, col + cols) of rows [row, row + rows) of y [T, n].
void add_low_rank(const kernels::Table& t, const LowRank& e, float* y, int64_t n, int64_t col, int64_t cols,
                  int64_t row, int64_t rows, float* scratch);

}  // namespace engram
