// The singular value decomposition of a LoRA product B A, without ever forming it: both factors are made orthogonal,
// and what is left between them is a small matrix. The best approximation of B A of a lower rank (Eckart & Young 1936)
// is its leading part. Not here: which rank to keep (merge.hpp).
#pragma once

#include <cstdint>
#include <vector>

namespace engram {

// B A = Σ s[k] · u_k v_kᵀ, s falling, u_k and v_k of length 1 (or 0 where s[k] is 0).
struct ProductSvd {
  int64_t n_in = 0, n_out = 0, rank = 0;
  std::vector<double> s;  // [rank]
  std::vector<double> U;  // [rank, n_out]
  std::vector<double> V;  // [rank, n_in]
};

// A [rank, n_in], B [n_out, rank], row-major. Takes about 4 · rank² · (n_in + n_out) + 50 · rank³ operations.
ProductSvd svd_of_product(const float* A, const float* B, int64_t n_in, int64_t n_out, int64_t rank);

}  // namespace engram
