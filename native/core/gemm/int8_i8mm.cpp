// 8-bit kernels for ARM from v8.6 on: SMMLA multiplies 2 x 8 bytes by 8 x 2 and adds the four sums to one vector, twice
// what SDOT does. So eight weights of a lane lie together, and a vector of sums is two rows by two columns.
#include "int8_neon.hpp"

namespace engram::kernels {
namespace {

constexpr int kColumnPairs = kInt8Columns / 2;

template <int R>
void tile_of(const Int8Tile& t, int64_t col) {
  constexpr int P = (R + 1) / 2;  // of an odd number the last row is its own neighbour
  const auto second = [](int pair) { return 2 * pair + 1 < R ? 2 * pair + 1 : 2 * pair; };
  float32x4_t total[P][kColumnPairs];
#pragma GCC unroll 4
  for (int r = 0; r < P; r++)
#pragma GCC unroll 8
    for (int v = 0; v < kColumnPairs; v++) total[r][v] = vdupq_n_f32(0);

  const int8_t* w = signed_bytes(t.w) + col * 8;
  const char* next = t.ahead.next;
  for (int64_t begin = 0, group = 0; begin < t.k; begin += kInt8Group, group++) {
    const int64_t end = begin + kInt8Group < t.k ? begin + kInt8Group : t.k;
    int32x4_t acc[P][kColumnPairs];
#pragma GCC unroll 4
    for (int r = 0; r < P; r++)
#pragma GCC unroll 8
      for (int v = 0; v < kColumnPairs; v++) acc[r][v] = vdupq_n_s32(0);
    for (int64_t p = begin; p < end; p += 8, w += 8 * kInt8Lanes, next += 2 * t.ahead.step) {
      __builtin_prefetch(next, 0, 2);
      int8x16_t x[P];
#pragma GCC unroll 4
      for (int r = 0; r < P; r++)
        x[r] = vcombine_s8(vld1_s8(t.x + 2 * r * t.ldx + p), vld1_s8(t.x + second(r) * t.ldx + p));
#pragma GCC unroll 8
      for (int v = 0; v < kColumnPairs; v++) {
        const int8x16_t b = vld1q_s8(w + v * 16);
#pragma GCC unroll 4
        for (int r = 0; r < P; r++) acc[r][v] = vmmlaq_s32(acc[r][v], x[r], b);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < P; r++) {
      const float32x4_t scale =
          vcombine_f32(vdup_n_f32(t.scales[2 * r * t.lds + group]), vdup_n_f32(t.scales[second(r) * t.lds + group]));
#pragma GCC unroll 8
      for (int v = 0; v < kColumnPairs; v++) total[r][v] = vfmaq_f32(total[r][v], vcvtq_f32_s32(acc[r][v]), scale);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < kColumnPairs; v += 2) {
      const float32x4_t a = total[r / 2][v], b = total[r / 2][v + 1];
      const float32x4_t row = r % 2 == 0 ? vcombine_f32(vget_low_f32(a), vget_low_f32(b))
                                         : vcombine_f32(vget_high_f32(a), vget_high_f32(b));
      finish(t, r, col + v * 2, row);
    }
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

// Each 64 bytes are 8 o of 8 i. Interleaving the halves of them turns the six bits of a byte's place by one; three
// times, and o and i have changed places.
void transpose(const uint8_t* src, uint8_t* dst) {
  for (int64_t o = 0; o < 4; o++)
    for (int64_t i = 0; i < 4; i++) {
      const uint8_t* from = src + i * 256 + o * 64;
      uint8_t* to = dst + o * 256 + i * 64;
      uint8x16_t a = vld1q_u8(from), b = vld1q_u8(from + 16), c = vld1q_u8(from + 32), d = vld1q_u8(from + 48);
#pragma GCC unroll 3
      for (int turn = 0; turn < 3; turn++) {
        const uint8x16_t low = a, second = b;
        a = vzip1q_u8(low, c);
        b = vzip2q_u8(low, c);
        c = vzip1q_u8(second, d);
        d = vzip2q_u8(second, d);
      }
      vst1q_u8(to, a);
      vst1q_u8(to + 16, b);
      vst1q_u8(to + 32, c);
      vst1q_u8(to + 48, d);
    }
}

double peak(int64_t n) {
  int32x4_t acc[16];
  const int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(2);
#pragma GCC unroll 16
  for (int j = 0; j < 16; j++) acc[j] = vdupq_n_s32(j);
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 16
    for (int j = 0; j < 16; j++) {
      acc[j] = vmmlaq_s32(acc[j], a, b);
      asm volatile("" : "+w"(acc[j]));  // keeps the loop from being folded
    }
  }
  return static_cast<double>(n) * 16 * 32 * 2;
}

}  // namespace

const Int8Table int8_i8mm = {.rows = kInt8Rows,
                             .depth = 8,
                             .step = 8,
                             .offset = 0,
                             .most = 127,
                             .tile = tile,
                             .quantize = quantize,
                             .transpose = transpose,
                             .peak = peak};

}  // namespace engram::kernels
