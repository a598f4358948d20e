// Kernels for AVX2 with FMA and F16C. Halves are widened to f32; there is no bf16 arithmetic here.
#include <immintrin.h>

#include "scalar.hpp"
#include "tile.hpp"
#include "transpose_rest.hpp"

namespace engram::kernels {
namespace {

struct V8 {
  using Reg = __m256;
  static constexpr int width = 8;
  static Reg zero() { return _mm256_setzero_ps(); }
  static Reg set1(float x) { return _mm256_set1_ps(x); }
  static Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Reg r) { _mm256_storeu_ps(p, r); }
  static __m256i first(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Reg load_first(const float* p, int64_t n) { return _mm256_maskload_ps(p, first(n)); }
  static void store_first(float* p, int64_t n, Reg r) { _mm256_maskstore_ps(p, first(n), r); }
  static Reg mul(Reg a, Reg b) { return _mm256_mul_ps(a, b); }
  static Reg add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
  static float sum(Reg r) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(r), _mm256_extractf128_ps(r, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
  }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
};

// 4 + 4 floats from rows r and r + 4, so that the transpose needs no shuffles across the halves of a register.
inline __m256 load_4_4(const float* src, int64_t lds) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(src)), _mm_loadu_ps(src + 4 * lds), 1);
}

void transpose_8x8(const float* src, int64_t lds, float* dst, int64_t ldd) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; half++, src += 4, dst += 4 * ldd) {
    const __m256 a = load_4_4(src, lds), b = load_4_4(src + lds, lds);
    const __m256 c = load_4_4(src + 2 * lds, lds), d = load_4_4(src + 3 * lds, lds);
    const __m256 ab_lo = _mm256_unpacklo_ps(a, b), ab_hi = _mm256_unpackhi_ps(a, b);
    const __m256 cd_lo = _mm256_unpacklo_ps(c, d), cd_hi = _mm256_unpackhi_ps(c, d);
    _mm256_storeu_ps(dst, _mm256_shuffle_ps(ab_lo, cd_lo, 0x44));
    _mm256_storeu_ps(dst + ldd, _mm256_shuffle_ps(ab_lo, cd_lo, 0xee));
    _mm256_storeu_ps(dst + 2 * ldd, _mm256_shuffle_ps(ab_hi, cd_hi, 0x44));
    _mm256_storeu_ps(dst + 3 * ldd, _mm256_shuffle_ps(ab_hi, cd_hi, 0xee));
  }
}

void transpose(const float* src, int64_t lds, int64_t rows, int64_t cols, float* dst, int64_t ldd) {
  const int64_t r8 = rows / 8 * 8, c8 = cols / 8 * 8;
  for (int64_t r = 0; r < r8; r += 8)
    for (int64_t c = 0; c < c8; c += 8) transpose_8x8(src + r * lds + c, lds, dst + c * ldd + r, ldd);
  transpose_rest(src + c8, lds, r8, cols - c8, dst + c8 * ldd, ldd);
  transpose_rest(src + r8 * lds, lds, rows - r8, cols, dst + r8, ldd);
}

void f32_to_f16(const float* src, int64_t n, uint16_t* dst) {
  const __m256 top = _mm256_set1_ps(65504.0f), bottom = _mm256_set1_ps(-65504.0f);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    // min and max return their second operand when one is NaN, so a NaN stays one.
    const __m256 x = _mm256_max_ps(bottom, _mm256_min_ps(top, _mm256_loadu_ps(src + i)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + i), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
  f32_to_f16_scalar(src + i, n - i, dst + i);
}

void f16_to_f32(const uint16_t* src, int64_t n, float* dst) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i))));
  f16_to_f32_scalar(src + i, n - i, dst + i);
}

void bf16_to_f32(const uint16_t* src, int64_t n, float* dst) {
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i)));
    _mm256_storeu_ps(dst + i, _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16)));
  }
  bf16_to_f32_scalar(src + i, n - i, dst + i);
}

double peak_f32(int64_t n) {
  __m256 acc[12];
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.5f);
#pragma GCC unroll 12
  for (int j = 0; j < 12; j++) acc[j] = _mm256_setzero_ps();
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; j++) {
      acc[j] = _mm256_fmadd_ps(a, b, acc[j]);
      asm volatile("" : "+x"(acc[j]));  // keeps the sum in a register and the loop from being folded
    }
  }
  return static_cast<double>(n) * 12 * 8 * 2;
}

}  // namespace

const Table avx2 = {
    .rows = 6,
    .lanes = 16,
    .tile = tile_any<V8, 6, 2>,
    .dots = dots_any<V8, 3, 4>,
    .transpose = transpose,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
    .f32_to_bf16 = f32_to_bf16_scalar,
    .bf16_to_f32 = bf16_to_f32,
    .pair_tile = nullptr,
    .pair_transpose = nullptr,
    .peak_f32 = peak_f32,
    .peak_bf16 = nullptr,
};

}  // namespace engram::kernels
