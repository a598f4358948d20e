// 8-bit kernels for AVX-512 with VNNI: vpdpbusd adds four products to each 32-bit lane.
#include <immintrin.h>

#include "int8_scalar.hpp"
#include "int8_tile.hpp"

namespace engram::kernels {
namespace {

constexpr int32_t kOffset = 128;

struct V16 {
  using Int = __m512i;
  using Float = __m512;
  static constexpr int width = 16;
  static Int set1(int32_t x) { return _mm512_set1_epi32(x); }
  static Int load_bytes(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static Int dot(Int sum, Int u8, Int s8) {
    // Not the intrinsic: GCC 12 copies each sum to another register and back, which costs a third of the speed.
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u8), "v"(s8));
    return sum;
  }
  static void keep(Int& x) { asm volatile("" : "+v"(x)); }
  static Float to_float(Int x) { return _mm512_cvtepi32_ps(x); }
  static Float zero() { return _mm512_setzero_ps(); }
  static Float set1f(float x) { return _mm512_set1_ps(x); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
  static Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
  static Float load(const float* p) { return _mm512_loadu_ps(p); }
  static __mmask16 first(int64_t n) { return static_cast<__mmask16>(n >= 16 ? 0xffff : (1u << n) - 1); }
  static Float load_first(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static void store_first(float* p, int64_t n, Float r) { _mm512_mask_storeu_ps(p, first(n), r); }
};

// One group of whole vectors; N is their number.
template <int N>
void quantize_group(const float* x, const float* factor, int8_t* q, float* scale, int32_t* sum) {
  __m512 values[N];
  __m512i largest = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int v = 0; v < N; v++) {
    values[v] = _mm512_loadu_ps(x + v * 16);
    if (factor) values[v] = _mm512_mul_ps(values[v], _mm512_loadu_ps(factor + v * 16));
    const __m512i bits = _mm512_and_si512(_mm512_castps_si512(values[v]), _mm512_set1_epi32(0x7fffffff));
    largest = _mm512_max_epi32(largest, bits);  // NaN beats everything
  }
  const uint32_t top = static_cast<uint32_t>(_mm512_reduce_max_epi32(largest));
  if (!is_sound(top)) return quantize_group_scalar(x, factor, N * 16, kOffset, q, scale, sum);
  *scale = float_of(top) / 127;
  const __m512 inverse = _mm512_set1_ps(127 / float_of(top));
  __m512i total = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int v = 0; v < N; v++) {
    const __m512i y = _mm512_cvtps_epi32(_mm512_mul_ps(values[v], inverse));
    total = _mm512_add_epi32(total, y);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(q + v * 16), _mm512_cvtsepi32_epi8(y));
  }
  *sum = -kOffset * _mm512_reduce_add_epi32(total);
}

void quantize(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums) {
  for (int64_t i = 0, g = 0; i < n; i += kInt8Group, g++) {
    const float* f = factor ? factor + i : nullptr;
    const int64_t count = n - i < kInt8Group ? n - i : kInt8Group;
    if (count == kInt8Group) {
      quantize_group<kInt8Group / 16>(x + i, f, q + i, scales + g, sums + g);
    } else if (count == kInt8Group / 2) {  // the widths of many models are odd multiples of 64
      quantize_group<kInt8Group / 32>(x + i, f, q + i, scales + g, sums + g);
    } else {
      quantize_group_scalar(x + i, f, count, kOffset, q + i, scales + g, sums + g);
    }
  }
}

// Each 16 bytes, 4 o of 4 i, are transposed by a shuffle; the loads bring the four that belong together.
void transpose(const uint8_t* src, uint8_t* dst) {
  const __m512i turn = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  for (int64_t o = 0; o < 8; o++)
    for (int64_t i = 0; i < 8; i += 4) {
      const uint8_t* from = src + i * 128 + o * 16;
      const auto at = [&](int64_t row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + row * 128)); };
      __m512i x = _mm512_castsi128_si512(at(0));
      x = _mm512_mask_broadcast_i32x4(x, 0x00f0, at(1));
      x = _mm512_mask_broadcast_i32x4(x, 0x0f00, at(2));
      x = _mm512_mask_broadcast_i32x4(x, 0xf000, at(3));
      _mm512_storeu_si512(dst + o * 128 + i * 16, _mm512_shuffle_epi8(x, turn));
    }
}

}  // namespace

const Int8Table int8_avx512vnni = {.rows = 8,
                                   .depth = 4,
                                   .step = 4,
                                   .offset = kOffset,
                                   .most = 127,
                                   .tile = int8_tile<V16, 8, 2>,
                                   .quantize = quantize,
                                   .transpose = transpose,
                                   .peak = int8_peak<V16>};

}  // namespace engram::kernels
