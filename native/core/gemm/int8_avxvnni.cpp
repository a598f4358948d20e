// 8-bit kernels for AVX-VNNI, the 256-bit form of the same dot product on CPUs without AVX-512.
#include <immintrin.h>

#include "int8_scalar.hpp"
#include "int8_tile.hpp"

namespace engram::kernels {
namespace {

struct V8 {
  using Int = __m256i;
  using Float = __m256;
  static constexpr int width = 8;
  static Int set1(int32_t x) { return _mm256_set1_epi32(x); }
  static Int load_bytes(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Int dot(Int sum, Int u8, Int s8) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(u8), "x"(s8));  // see int8_avx512vnni.cpp
    return sum;
  }
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

void quantize(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums) {
  for (int64_t i = 0, g = 0; i < n; i += kInt8Group, g++) {
    const int64_t count = n - i < kInt8Group ? n - i : kInt8Group;
    quantize_group_scalar(x + i, factor ? factor + i : nullptr, count, q + i, scales + g, sums + g);
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

// Two rows fewer than the registers would hold with 16 columns at a time: 3 · 2 sums, as many floats, 2 weights, 1 x.
const Int8Table int8_avxvnni = {
    .rows = 3, .tile = int8_tile<V8, 3, 2>, .quantize = quantize, .transpose = transpose, .peak = int8_peak<V8>};

}  // namespace engram::kernels
