// Matrix products for training on frozen weights. Two kinds: a frozen weight matrix, stored packed for the CPU at hand
// and read in both directions (forward and input gradient), and a plain f32 product for the thin LoRA matrices. All
// matrices are row-major; T is the number of tokens. Kernels are chosen at run time (cpu.hpp). Not here: quantised
// formats (ggml.hpp reads those), weight gradients of the base (it is frozen).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "../cpu.hpp"
#include "../threads.hpp"

namespace engram {

// How a frozen weight is stored and multiplied; sums are always f32.
// f32: exact. f16: stored as half, multiplied as f32. bf16: inputs rounded to bf16 too (AVX-512 BF16). int8: weights
// and inputs rounded to bytes with scales (7 bits for weights with AVX2 alone; portable kernels are slow).
enum class Precision { f32, f16, bf16, int8 };

// The best precision of this CPU. It follows from the instruction sets alone, so that two processes on one machine
// train the same bytes.
Precision default_precision();

// Adds scale · h · U to columns [first, first + n) of a product, while its tiles are still in the cache: the second
// half of a LoRA pair. h [T, rank] with rows ldh apart; U is [rank, n], or its transpose [n, rank] where `transposed`.
struct LowRank {
  const float* h;
  int64_t ldh, rank;
  float scale;
  const float* u;
  int64_t first, n;
  bool transposed;
};

// Writes rows [row, row + count) of W as f32 to `out` (count * n_in values). Called from several threads at once.
using RowReader = std::function<void(int64_t row, int64_t count, float* out)>;

class FrozenMatrix {
 public:
  // W is [n_out, n_in]. The whole of W is never held as f32 beside the packed copy: rows are read and packed block by
  // block.
  FrozenMatrix(int64_t n_out, int64_t n_in, Precision precision, const RowReader& read, ThreadPool& pool,
               Isa isa = best_isa());
  ~FrozenMatrix();
  FrozenMatrix(FrozenMatrix&&) noexcept;
  FrozenMatrix& operator=(FrozenMatrix&&) noexcept;

  int64_t n_out() const;
  int64_t n_in() const;
  int64_t bytes() const;

  // y[T, n_out] = x[T, n_in] · Wᵀ        (+= when accumulate), plus what `extra` adds
  void forward(const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
               std::span<const LowRank> extra = {}) const;
  // dx[T, n_in] = dy[T, n_out] · W       (+= when accumulate), plus what `extra` adds
  void backward(const float* dy, float* dx, int64_t T, bool accumulate, ThreadPool& pool,
                std::span<const LowRank> extra = {}) const;

  struct Storage;  // storage.hpp

 private:
  std::unique_ptr<Storage> storage_;
};

// C[m, n] = alpha · op(A) · op(B) + beta · C in f32, op(A) is [m, k], op(B) is [k, n]; `ta`/`tb` say that the stored
// matrix is the transpose. beta = 0 ignores what C held.
struct Product {
  bool ta, tb;
  int64_t m, n, k;
  float alpha;
  const float* A;
  int64_t lda;
  const float* B;
  int64_t ldb;
  float beta;
  float* C;
  int64_t ldc;
};
// All of them in one parallel loop; none may read what another writes. The order of every sum is fixed: same result for
// any thread count.
void gemm(std::span<const Product> products, ThreadPool& pool, Isa isa = best_isa());
inline void gemm(const Product& product, ThreadPool& pool, Isa isa = best_isa()) {
  gemm(std::span<const Product>(&product, 1), pool, isa);
}

}  // namespace engram
