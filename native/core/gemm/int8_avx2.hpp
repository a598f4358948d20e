// What the two 8-bit families of 256 bits share: the vector type but for its dot product, rounding, the transpose. Not
// the dot products: see int8_avx2.cpp and int8_avxvnni.cpp.
#pragma once

#include <immintrin.h>

#include "int8_scalar.hpp"

namespace engram::kernels {
namespace {

struct Int8Vector {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int width = 8;
  static Int set1(int32_t x) { return _mm256_set1_epi32(x); }
  static Int load_bytes(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static void keep(Int& x) { asm volatile("" : "+x"(x)); }
  static Float to_float(Int x) { return _mm256_cvtepi32_ps(x); }
  static Float zero() { return _mm256_setzero_ps(); }
  static Float set1f(float x) { return _mm256_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
  static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  static Float load(const float* p) { return _mm256_loadu_ps(p); }
  static __m256i first(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n < 8 ? n : 8)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Float load_first(const float* p, int64_t n) { return _mm256_maskload_ps(p, first(n)); }
  static void store_first(float* p, int64_t n, Float r) { _mm256_maskstore_ps(p, first(n), r); }
};

// The largest of eight 32-bit values, and their sum.
inline int32_t reduce_max(__m256i x) {
  __m128i y = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  y = _mm_max_epi32(y, _mm_shuffle_epi32(y, 0x4e));
  return _mm_cvtsi128_si32(_mm_max_epi32(y, _mm_shuffle_epi32(y, 0xb1)));
}
inline int32_t reduce_add(__m256i x) {
  __m128i y = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  y = _mm_add_epi32(y, _mm_shuffle_epi32(y, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(y, _mm_shuffle_epi32(y, 0xb1)));
}

// One group, of a multiple of 32 values.
template <int32_t offset>
void quantize_group(const float* x, const float* factor, int64_t n, int8_t* q, float* scale, int32_t* sum) {
  const auto value = [&](int64_t at) {
    const __m256 v = _mm256_loadu_ps(x + at);
    return factor ? _mm256_mul_ps(v, _mm256_loadu_ps(factor + at)) : v;
  };
  __m256i largest = _mm256_setzero_si256();
  for (int64_t v = 0; v < n; v += 8) {
    const __m256i bits = _mm256_and_si256(_mm256_castps_si256(value(v)), _mm256_set1_epi32(0x7fffffff));
    largest = _mm256_max_epi32(largest, bits);  // NaN beats everything
  }
  const uint32_t top = static_cast<uint32_t>(reduce_max(largest));
  if (!is_sound(top)) return quantize_group_scalar(x, factor, n, offset, q, scale, sum);
  *scale = float_of(top) / 127;
  const __m256 inverse = _mm256_set1_ps(127 / float_of(top));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);  // packs work within the halves of a register
  __m256i total = _mm256_setzero_si256();
  for (int64_t v = 0; v < n; v += 32) {
    __m256i y[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      y[j] = _mm256_cvtps_epi32(_mm256_mul_ps(value(v + 8 * j), inverse));
      total = _mm256_add_epi32(total, y[j]);
    }
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(y[0], y[1]), _mm256_packs_epi32(y[2], y[3]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(q + v), _mm256_permutevar8x32_epi32(bytes, order));
  }
  *sum = -offset * reduce_add(total);
}

template <int32_t offset>
void quantize(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums) {
  for (int64_t i = 0, g = 0; i < n; i += kInt8Group, g++) {
    const float* f = factor ? factor + i : nullptr;
    const int64_t count = n - i < kInt8Group ? n - i : kInt8Group;
    if (count % 32 == 0) {
      quantize_group<offset>(x + i, f, count, q + i, scales + g, sums + g);
    } else {
      quantize_group_scalar(x + i, f, count, offset, q + i, scales + g, sums + g);
    }
  }
}

// See int8_avx512vnni.cpp.
void transpose(const uint8_t* src, uint8_t* dst) {
  const __m128i turn = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (int64_t o = 0; o < 8; o++)
    for (int64_t i = 0; i < 8; i++) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + i * 128 + o * 16));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + o * 128 + i * 16), _mm_shuffle_epi8(x, turn));
    }
}

}  // namespace
}  // namespace engram::kernels
