// What the two 8-bit families of ARM share: rounding, transposes, how a tile ends. Their dot products take two signed
// sides, so that weights have no offset and `sums` are zero. Not the dot products: see int8_dotprod.cpp, int8_i8mm.cpp.
#pragma once

#include <arm_neon.h>

#include "int8_scalar.hpp"

namespace engram::kernels {
namespace {

// Of a tile: three vectors of 8 hold what it reads of X and W, 24 its sums; the floats that gather the groups wait in
// memory for the end of a group.
constexpr int kInt8Rows = 6;
constexpr int64_t kInt8Columns = 16;

inline const int8_t* signed_bytes(const uint8_t* w) { return reinterpret_cast<const int8_t*>(w); }

// The columns [at, at + 4) of one row of C, of which there are `left`.
inline void finish(const Int8Tile& t, int64_t row, int64_t at, float32x4_t total) {
  const int64_t left = t.cols - at;
  if (left <= 0) return;
  float* c = t.c + row * t.ldc + at;
  float32x4_t y = vmulq_f32(total, vld1q_f32(t.lane_scale + at));
  asm("" : "+w"(y));  // as rounded()
  if (left >= 4) return vst1q_f32(c, t.accumulate ? vaddq_f32(y, vld1q_f32(c)) : y);
  float lanes[4];
  vst1q_f32(lanes, y);
  for (int64_t i = 0; i < left; i++) c[i] = t.accumulate ? lanes[i] + c[i] : lanes[i];
}

// One group, of a multiple of 16 values.
void quantize_group(const float* x, const float* factor, int64_t n, int8_t* q, float* scale, int32_t* sum) {
  const auto value = [&](int64_t at) {
    const float32x4_t v = vld1q_f32(x + at);
    return factor ? vmulq_f32(v, vld1q_f32(factor + at)) : v;
  };
  uint32x4_t largest = vdupq_n_u32(0);
  for (int64_t v = 0; v < n; v += 4) {
    const uint32x4_t bits = vandq_u32(vreinterpretq_u32_f32(value(v)), vdupq_n_u32(0x7fffffff));
    largest = vmaxq_u32(largest, bits);  // NaN beats everything
  }
  const uint32_t top = vmaxvq_u32(largest);
  if (!is_sound(top)) return quantize_group_scalar(x, factor, n, 0, q, scale, sum);
  *scale = float_of(top) / 127;
  *sum = 0;
  const float32x4_t inverse = vdupq_n_f32(127 / float_of(top));
  for (int64_t v = 0; v < n; v += 16) {
    const auto four = [&](int64_t at) { return vqmovn_s32(vcvtnq_s32_f32(vmulq_f32(value(v + at), inverse))); };
    const int16x8_t low = vcombine_s16(four(0), four(4)), high = vcombine_s16(four(8), four(12));
    vst1q_s8(q + v, vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)));
  }
}

void quantize(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums) {
  for (int64_t i = 0, g = 0; i < n; i += kInt8Group, g++) {
    const float* f = factor ? factor + i : nullptr;
    const int64_t count = n - i < kInt8Group ? n - i : kInt8Group;
    if (count % 16 == 0) {
      quantize_group(x + i, f, count, q + i, scales + g, sums + g);
    } else {
      quantize_group_scalar(x + i, f, count, 0, q + i, scales + g, sums + g);
    }
  }
}

}  // namespace
}  // namespace engram::kernels
