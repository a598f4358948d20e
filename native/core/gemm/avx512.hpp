// Kernels for AVX-512 (F, BW, VL, DQ), included by the two files that are compiled for it: with and without bf16 dot
// products.
#pragma once

#include <immintrin.h>

#include "scalar.hpp"
#include "tile.hpp"
#include "transpose_rest.hpp"

namespace engram::kernels {
namespace {

struct V16 {
  using Reg = __m512;
  static constexpr int width = 16;
  static Reg zero() { return _mm512_setzero_ps(); }
  static Reg set1(float x) { return _mm512_set1_ps(x); }
  static Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Reg r) { _mm512_storeu_ps(p, r); }
  static __mmask16 first(int64_t n) { return static_cast<__mmask16>((1u << n) - 1); }
  static Reg load_first(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static void store_first(float* p, int64_t n, Reg r) { _mm512_mask_storeu_ps(p, first(n), r); }
  static Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  static Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  static float sum(Reg r) { return _mm512_reduce_add_ps(r); }
  static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
};

// 4 floats each from rows r, r + 4, r + 8 and r + 12: the loads do the part of the transpose that crosses 128-bit
// lanes.
inline __m512 load_4_4_4_4(const float* src, int64_t lds) {
  __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(src));
  x = _mm512_mask_broadcast_f32x4(x, 0x00f0, _mm_loadu_ps(src + 4 * lds));
  x = _mm512_mask_broadcast_f32x4(x, 0x0f00, _mm_loadu_ps(src + 8 * lds));
  return _mm512_mask_broadcast_f32x4(x, 0xf000, _mm_loadu_ps(src + 12 * lds));
}

inline void transpose_16x16(const float* src, int64_t lds, float* dst, int64_t ldd) {
  for (int quarter = 0; quarter < 4; quarter++, src += 4, dst += 4 * ldd) {
    const __m512 a = load_4_4_4_4(src, lds), b = load_4_4_4_4(src + lds, lds);
    const __m512 c = load_4_4_4_4(src + 2 * lds, lds), d = load_4_4_4_4(src + 3 * lds, lds);
    const __m512 ab_lo = _mm512_unpacklo_ps(a, b), ab_hi = _mm512_unpackhi_ps(a, b);
    const __m512 cd_lo = _mm512_unpacklo_ps(c, d), cd_hi = _mm512_unpackhi_ps(c, d);
    _mm512_storeu_ps(dst, _mm512_shuffle_ps(ab_lo, cd_lo, 0x44));
    _mm512_storeu_ps(dst + ldd, _mm512_shuffle_ps(ab_lo, cd_lo, 0xee));
    _mm512_storeu_ps(dst + 2 * ldd, _mm512_shuffle_ps(ab_hi, cd_hi, 0x44));
    _mm512_storeu_ps(dst + 3 * ldd, _mm512_shuffle_ps(ab_hi, cd_hi, 0xee));
  }
}

void transpose(const float* src, int64_t lds, int64_t rows, int64_t cols, float* dst, int64_t ldd) {
  const int64_t r16 = rows / 16 * 16, c16 = cols / 16 * 16;
  for (int64_t r = 0; r < r16; r += 16)
    for (int64_t c = 0; c < c16; c += 16) transpose_16x16(src + r * lds + c, lds, dst + c * ldd + r, ldd);
  transpose_rest(src + c16, lds, r16, cols - c16, dst + c16 * ldd, ldd);
  transpose_rest(src + r16 * lds, lds, rows - r16, cols, dst + r16, ldd);
}

void f32_to_f16(const float* src, int64_t n, uint16_t* dst) {
  const __m512 top = _mm512_set1_ps(65504.0f), bottom = _mm512_set1_ps(-65504.0f);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    // min and max return their second operand when one is NaN, so a NaN stays one.
    const __m512 x = _mm512_max_ps(bottom, _mm512_min_ps(top, _mm512_loadu_ps(src + i)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }
  f32_to_f16_scalar(src + i, n - i, dst + i);
}

void f16_to_f32(const uint16_t* src, int64_t n, float* dst) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(dst + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + i))));
  f16_to_f32_scalar(src + i, n - i, dst + i);
}

void bf16_to_f32(const uint16_t* src, int64_t n, float* dst) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(src + i)));
    _mm512_storeu_ps(dst + i, _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
  }
  bf16_to_f32_scalar(src + i, n - i, dst + i);
}

double peak_f32(int64_t n) {
  __m512 acc[12];
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.5f);
#pragma GCC unroll 12
  for (int j = 0; j < 12; j++) acc[j] = _mm512_setzero_ps();
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; j++) {
      acc[j] = _mm512_fmadd_ps(a, b, acc[j]);
      asm volatile("" : "+v"(acc[j]));  // keeps the sum in a register and the loop from being folded
    }
  }
  return static_cast<double>(n) * 12 * 16 * 2;
}

}  // namespace
}  // namespace engram::kernels
