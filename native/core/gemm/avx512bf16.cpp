// The AVX-512 family with bf16 dot products: vdpbf16ps multiplies pairs of neighbours along the reduction and sums in
// f32.
#include "avx512.hpp"

namespace engram::kernels {
namespace {

inline __m512bh as_bf16(__m512i x) {
#if defined(__clang__) && __clang_major__ < 17
  asm("" : "+v"(x));  // LLVM 16 crashes while compiling a broadcast of bf16 pairs that it sees through
#endif
  return reinterpret_cast<__m512bh>(x);
}

template <int R>
void pair_tile_of(const PairTile& t) {
  __m512 acc[R][2];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) acc[r][0] = acc[r][1] = _mm512_setzero_ps();
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  const char* block = t.ahead.next;
  for (int64_t begin = 0; begin < t.k; begin += t.ahead.block, block += t.ahead.jump) {
    const int64_t end = begin + t.ahead.block < t.k ? begin + t.ahead.block : t.k;
    const char* next = block;
    for (int64_t p = begin; p < end; p++, b += 32, next += t.ahead.step) {
      __builtin_prefetch(next, 0, 2);
      const __m512bh b0 = as_bf16(_mm512_loadu_si512(b)), b1 = as_bf16(_mm512_loadu_si512(b + 16));
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const __m512bh x = as_bf16(_mm512_set1_epi32(static_cast<int>(a[r * t.lda + p])));
        acc[r][0] = _mm512_dpbf16_ps(acc[r][0], x, b0);
        acc[r][1] = _mm512_dpbf16_ps(acc[r][1], x, b1);
      }
    }
  }
  const __mmask16 mask0 = static_cast<__mmask16>(t.cols >= 16 ? 0xffff : (1u << t.cols) - 1);
  const __mmask16 mask1 = static_cast<__mmask16>(t.cols >= 32 ? 0xffff : t.cols > 16 ? (1u << (t.cols - 16)) - 1 : 0);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
    float* c = t.c + r * t.ldc;
    if (t.accumulate) {
      acc[r][0] = _mm512_add_ps(acc[r][0], _mm512_maskz_loadu_ps(mask0, c));
      acc[r][1] = _mm512_add_ps(acc[r][1], _mm512_maskz_loadu_ps(mask1, c + 16));
    }
    _mm512_mask_storeu_ps(c, mask0, acc[r][0]);
    _mm512_mask_storeu_ps(c + 16, mask1, acc[r][1]);
  }
}

template <int R>
void pair_tile_rows(const PairTile& t) {
  if (t.rows == R) {
    pair_tile_of<R>(t);
  } else if constexpr (R > 1) {
    pair_tile_rows<R - 1>(t);
  }
}

// Subnormals become zero, as they do in the dot product itself.
void f32_to_bf16(const float* src, int64_t n, uint16_t* dst) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i),
                        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(src + i))));
  f32_to_bf16_scalar(src + i, n - i, dst + i);
}

// Four pairs each from four rows of src that are `stride` apart.
inline __m512i load_pairs(const uint32_t* src, int64_t stride) {
  __m512i x = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src)));
  x = _mm512_mask_broadcast_i32x4(x, 0x00f0, _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + stride)));
  x = _mm512_mask_broadcast_i32x4(x, 0x0f00, _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + 2 * stride)));
  return _mm512_mask_broadcast_i32x4(x, 0xf000, _mm_loadu_si128(reinterpret_cast<const __m128i*>(src + 3 * stride)));
}

// src [16 pairs of i][32 o] of pairs (i, i+1) → dst [16 pairs of o][32 i] of pairs (o, o+1). Of four outputs, the even
// and odd pairs of i are gathered by the loads, joined two and two, and the middle halves of each 64 bits swapped.
void pair_transpose(const uint32_t* src, uint32_t* dst) {
  const __m512i swap = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  for (int64_t o = 0; o < 32; o += 4)
    for (int64_t i = 0; i < 16; i += 8) {
      const __m512i even = load_pairs(src + i * 32 + o, 64), odd = load_pairs(src + (i + 1) * 32 + o, 64);
      uint32_t* out = dst + o / 2 * 32 + i * 2;
      _mm512_storeu_si512(out, _mm512_shuffle_epi8(_mm512_unpacklo_epi64(even, odd), swap));
      _mm512_storeu_si512(out + 32, _mm512_shuffle_epi8(_mm512_unpackhi_epi64(even, odd), swap));
    }
}

double peak_bf16(int64_t n) {
  __m512 acc[12];
  const __m512bh a = as_bf16(_mm512_set1_epi32(0x3f7f3f7f)), b = as_bf16(_mm512_set1_epi32(0x3f003f00));
#pragma GCC unroll 12
  for (int j = 0; j < 12; j++) acc[j] = _mm512_setzero_ps();
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; j++) {
      acc[j] = _mm512_dpbf16_ps(acc[j], a, b);
      asm volatile("" : "+v"(acc[j]));
    }
  }
  return static_cast<double>(n) * 12 * 16 * 4;
}

}  // namespace

const Table avx512bf16 = {
    .rows = 9,
    .lanes = 32,
    .tile = tile_any<V16, 9, 2>,
    .dots = dots_any<V16, 6, 4>,
    .transpose = transpose,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
    .bf16_to_f32 = bf16_to_f32,
    .pair_tile = pair_tile_rows<9>,
    .pair_transpose = pair_transpose,
    .peak_f32 = peak_f32,
    .peak_bf16 = peak_bf16,
};

}  // namespace engram::kernels
