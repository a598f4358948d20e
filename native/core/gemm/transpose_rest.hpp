// Transposing in blocks of four floats, for what AVX's wider blocks leave over. In an unnamed namespace for the reason
// given in kernels.hpp.
#pragma once

#include <immintrin.h>

#include "scalar.hpp"

namespace engram::kernels {
namespace {

// What the wide blocks leave over, in blocks of four and then one by one: ranks of 4 and 8 are common.
inline void transpose_rest(const float* src, int64_t lds, int64_t rows, int64_t cols, float* dst, int64_t ldd) {
  const int64_t r4 = rows / 4 * 4, c4 = cols / 4 * 4;
  for (int64_t r = 0; r < r4; r += 4)
    for (int64_t c = 0; c < c4; c += 4) {
      const float* from = src + r * lds + c;
      __m128 x0 = _mm_loadu_ps(from), x1 = _mm_loadu_ps(from + lds);
      __m128 x2 = _mm_loadu_ps(from + 2 * lds), x3 = _mm_loadu_ps(from + 3 * lds);
      _MM_TRANSPOSE4_PS(x0, x1, x2, x3);
      float* to = dst + c * ldd + r;
      _mm_storeu_ps(to, x0);
      _mm_storeu_ps(to + ldd, x1);
      _mm_storeu_ps(to + 2 * ldd, x2);
      _mm_storeu_ps(to + 3 * ldd, x3);
    }
  transpose_scalar(src + c4, lds, r4, cols - c4, dst + c4 * ldd, ldd);
  transpose_scalar(src + r4 * lds, lds, rows - r4, cols, dst + r4, ldd);
}

}  // namespace
}  // namespace engram::kernels
