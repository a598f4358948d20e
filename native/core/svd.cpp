// Gram-Schmidt on both factors, then Jacobi's method on the small matrix (see svd.hpp).
#include "svd.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace engram {
namespace {

double dot(const double* a, const double* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

// Makes the rows of Q [rank, n] orthonormal (zero where a row depends on those above it) and returns L [rank, rank],
// lower triangular, with L · Q as Q was. Each row is orthogonalised twice, which is enough (Giraud et al. 2005).
std::vector<double> orthonormalize(std::vector<double>& Q, int64_t rank, int64_t n) {
  std::vector<double> L(rank * rank, 0);
  for (int64_t k = 0; k < rank; k++) {
    double* row = &Q[k * n];
    const double before = std::sqrt(dot(row, row, n));
    for (int pass = 0; pass < 2; pass++) {
      for (int64_t j = 0; j < k; j++) {
        const double* other = &Q[j * n];
        const double share = dot(row, other, n);
        L[k * rank + j] += share;
        for (int64_t i = 0; i < n; i++) row[i] -= share * other[i];
      }
    }
    const double norm = std::sqrt(dot(row, row, n));
    const bool depends = norm <= 1e-13 * before;
    if (!depends) L[k * rank + k] = norm;
    for (int64_t i = 0; i < n; i++) row[i] = depends ? 0 : row[i] / norm;
  }
  return L;
}

// Hestenes' one-sided Jacobi method: turns pairs of rows of M [n, n] until all are orthogonal, and does the same to W,
// which begins as the identity. M is then W times what it was, and the lengths of its rows are the singular values.
void make_rows_orthogonal(std::vector<double>& M, std::vector<double>& W, int64_t n) {
  constexpr int kMostSweeps = 60;
  bool turned = true;
  for (int sweep = 0; turned && sweep < kMostSweeps; sweep++) {
    turned = false;
    for (int64_t p = 0; p < n; p++) {
      for (int64_t q = p + 1; q < n; q++) {
        double *x = &M[p * n], *y = &M[q * n];
        const double xx = dot(x, x, n), yy = dot(y, y, n), xy = dot(x, y, n);
        if (std::abs(xy) <= 1e-15 * std::sqrt(xx * yy) || xy == 0) continue;
        turned = true;
        const double zeta = (yy - xx) / (2 * xy);
        const double t = std::copysign(1 / (std::abs(zeta) + std::sqrt(1 + zeta * zeta)), zeta);
        const double c = 1 / std::sqrt(1 + t * t), s = c * t;
        for (double* rows : {M.data(), W.data()}) {
          double *a = rows + p * n, *b = rows + q * n;
          for (int64_t i = 0; i < n; i++) {
            const double old = a[i];
            a[i] = c * old - s * b[i];
            b[i] = s * old + c * b[i];
          }
        }
      }
    }
  }
}

// out[k] = Σ_j C[k, j] · Q[j] for the rows k of `order`.
std::vector<double> combine(const std::vector<double>& C, const std::vector<double>& Q,
                            const std::vector<int64_t>& order, int64_t n) {
  const int64_t rank = static_cast<int64_t>(order.size());
  std::vector<double> out(rank * n, 0);
  for (int64_t k = 0; k < rank; k++) {
    for (int64_t j = 0; j < rank; j++) {
      const double c = C[order[k] * rank + j];
      for (int64_t i = 0; i < n; i++) out[k * n + i] += c * Q[j * n + i];
    }
  }
  return out;
}

}  // namespace

ProductSvd svd_of_product(const float* A, const float* B, int64_t n_in, int64_t n_out, int64_t rank) {
  std::vector<double> Qa(A, A + rank * n_in), Qb(rank * n_out);
  for (int64_t o = 0; o < n_out; o++) {
    for (int64_t k = 0; k < rank; k++) Qb[k * n_out + o] = B[o * rank + k];
  }
  const std::vector<double> La = orthonormalize(Qa, rank, n_in), Lb = orthonormalize(Qb, rank, n_out);

  // B A = Qbᵀ (Lbᵀ La) Qa; M is the part in brackets.
  std::vector<double> M(rank * rank, 0), W(rank * rank, 0);
  for (int64_t k = 0; k < rank; k++) {
    W[k * rank + k] = 1;
    for (int64_t i = 0; i <= k; i++) {
      for (int64_t j = 0; j <= k; j++) M[i * rank + j] += Lb[k * rank + i] * La[k * rank + j];
    }
  }
  make_rows_orthogonal(M, W, rank);

  std::vector<double> lengths(rank);
  for (int64_t k = 0; k < rank; k++) {
    double* row = &M[k * rank];
    lengths[k] = std::sqrt(dot(row, row, rank));
    for (int64_t j = 0; j < rank; j++) row[j] = lengths[k] > 0 ? row[j] / lengths[k] : 0;
  }
  std::vector<int64_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return lengths[a] > lengths[b]; });

  ProductSvd out{n_in, n_out, rank, {}, combine(W, Qb, order, n_out), combine(M, Qa, order, n_in)};
  for (const int64_t k : order) out.s.push_back(lengths[k]);
  return out;
}

}  // namespace engram
