// The AVX-512 family with bf16 dot products: vdpbf16ps multiplies pairs of neighbours along the reduction and sums in f32.
#include "avx512.hpp"

namespace engram::kernels {
namespace {

inline __m512bh as_bf16(__m512i x) { return reinterpret_cast<__m512bh>(x); }

template <int R>
void pair_tile_of(const PairTile& t) {
  __m512 acc[R][2];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) acc[r][0] = acc[r][1] = _mm512_setzero_ps();
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  for (int64_t p = 0; p < t.k; p++, b += 32) {
    const __m512bh b0 = as_bf16(_mm512_loadu_si512(b)), b1 = as_bf16(_mm512_loadu_si512(b + 16));
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const __m512bh x = as_bf16(_mm512_set1_epi32(static_cast<int>(a[r * t.lda + p])));
      acc[r][0] = _mm512_dpbf16_ps(acc[r][0], x, b0);
      acc[r][1] = _mm512_dpbf16_ps(acc[r][1], x, b1);
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

// Rounds as scalar.hpp does, by integer arithmetic: vcvtneps2bf16 would flush subnormals.
void f32_to_bf16(const float* src, int64_t n, uint16_t* dst) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(dst + i), reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(_mm512_loadu_ps(src + i))));
  f32_to_bf16_scalar(src + i, n - i, dst + i);
}

// src [16 pairs of i][32 o] of pairs (i, i+1) → dst [16 pairs of o][32 i] of pairs (o, o+1).
void pair_transpose(const uint32_t* src, uint32_t* dst) {
  for (int i = 0; i < 32; i++)
    for (int o = 0; o < 32; o += 2) {
      const int shift = i % 2 * 16;
      const uint32_t low = src[i / 2 * 32 + o] >> shift & 0xffff, high = src[i / 2 * 32 + o + 1] >> shift & 0xffff;
      dst[o / 2 * 32 + i] = low | high << 16;
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
    .transpose = transpose,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
    .bf16_to_f32 = bf16_to_f32,
    .pair_tile = pair_tile_rows<9>,
    .pair_transpose = pair_transpose,
    .peak_f32 = peak_f32,
    .peak_bf16 = peak_bf16,
    .peak_int8 = nullptr,
};

}  // namespace engram::kernels
