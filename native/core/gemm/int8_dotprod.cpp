// 8-bit kernels for ARM from v8.2 on: SDOT adds four products to each 32-bit lane. One side may be a quarter of a
// vector for all lanes, so that 16 bytes of a row of X serve four steps and no value has to be spread.
#include "int8_neon.hpp"

namespace engram::kernels {
namespace {

constexpr int kVectors = kInt8Columns / 4;

// The quarter Q of x: four values of the reduction.
template <int Q, int R>
inline void add_quad(int32x4_t (&acc)[R][kVectors], const int8x16_t (&x)[R], const int8_t* w) {
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; v++) {
    const int8x16_t b = vld1q_s8(w + Q * 4 * kInt8Lanes + v * 16);
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) acc[r][v] = vdotq_laneq_s32(acc[r][v], b, x[r], Q);
  }
}

template <int R>
void tile_of(const Int8Tile& t, int64_t col) {
  float32x4_t total[R][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; v++) total[r][v] = vdupq_n_f32(0);

  const int8_t* w = signed_bytes(t.w) + col * 4;
  const char* next = t.ahead.next;
  for (int64_t begin = 0, group = 0; begin < t.k; begin += kInt8Group, group++) {
    const int64_t end = begin + kInt8Group < t.k ? begin + kInt8Group : t.k;
    int32x4_t acc[R][kVectors];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) acc[r][v] = vdupq_n_s32(0);
    for (int64_t p = begin; p < end; p += 16, w += 16 * kInt8Lanes, next += 4 * t.ahead.step) {
      __builtin_prefetch(next, 0, 2);
      __builtin_prefetch(next + 2 * t.ahead.step, 0, 2);
      int8x16_t x[R];
#pragma GCC unroll 8
      for (int r = 0; r < R; r++) x[r] = vld1q_s8(t.x + r * t.ldx + p);
      add_quad<0>(acc, x, w);
      add_quad<1>(acc, x, w);
      add_quad<2>(acc, x, w);
      add_quad<3>(acc, x, w);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
      const float32x4_t scale = vdupq_n_f32(t.scales[r * t.lds + group]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; v++) total[r][v] = vfmaq_f32(total[r][v], vcvtq_f32_s32(acc[r][v]), scale);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; v++) finish(t, r, col + v * 4, total[r][v]);
}

template <int R>
void tile_rows(const Int8Tile& t, int64_t col) {
  if (t.rows == R) {
    tile_of<R>(t, col);
  } else if constexpr (R > 1) {
    tile_rows<R - 1>(t, col);
  }
}

void tile(const Int8Tile& t) {
  for (int64_t col = 0; col < kInt8Lanes && col < t.cols; col += kInt8Columns) tile_rows<kInt8Rows>(t, col);
}

// Each 16 bytes, 4 o of 4 i, are transposed by a table.
void transpose(const uint8_t* src, uint8_t* dst) {
  constexpr uint8_t kTurn[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  const uint8x16_t turn = vld1q_u8(kTurn);
  for (int64_t o = 0; o < 8; o++)
    for (int64_t i = 0; i < 8; i++)
      vst1q_u8(dst + o * 128 + i * 16, vqtbl1q_u8(vld1q_u8(src + i * 128 + o * 16), turn));
}

double peak(int64_t n) {
  int32x4_t acc[16];
  const int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(2);
#pragma GCC unroll 16
  for (int j = 0; j < 16; j++) acc[j] = vdupq_n_s32(j);
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 16
    for (int j = 0; j < 16; j++) {
      acc[j] = vdotq_s32(acc[j], a, b);
      asm volatile("" : "+w"(acc[j]));  // keeps the loop from being folded
    }
  }
  return static_cast<double>(n) * 16 * 16 * 2;
}

}  // namespace

const Int8Table int8_dotprod = {.rows = kInt8Rows,
                                .depth = 4,
                                .step = 16,
                                .offset = 0,
                                .most = 127,
                                .tile = tile,
                                .quantize = quantize,
                                .transpose = transpose,
                                .peak = peak};

}  // namespace engram::kernels
