// Kernels for 64-bit ARM. Halves are widened to f32; the bf16 instructions of newer cores are not used. Products of
// bytes: int8_dotprod.cpp and int8_i8mm.cpp.
#include <arm_neon.h>

#include "scalar.hpp"
#include "tile.hpp"

namespace engram::kernels {
namespace {

struct V4 {
  using Reg = float32x4_t;
  static constexpr int width = 4;
  static Reg zero() { return vdupq_n_f32(0); }
  static Reg set1(float x) { return vdupq_n_f32(x); }
  static Reg load(const float* p) { return vld1q_f32(p); }
  static void store(float* p, Reg r) { vst1q_f32(p, r); }
  static Reg load_first(const float* p, int64_t n) {
    float lanes[4] = {0, 0, 0, 0};
    for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
    return load(lanes);
  }
  static void store_first(float* p, int64_t n, Reg r) {
    float lanes[4];
    store(lanes, r);
    for (int64_t i = 0; i < n; i++) p[i] = lanes[i];
  }
  static Reg mul(Reg a, Reg b) { return vmulq_f32(a, b); }
  static Reg add(Reg a, Reg b) { return vaddq_f32(a, b); }
  static float sum(Reg r) { return vaddvq_f32(r); }
  static Reg fma(Reg a, Reg b, Reg c) { return vfmaq_f32(c, a, b); }
};

inline void transpose_4x4(const float* src, int64_t lds, float* dst, int64_t ldd) {
  const float32x4_t a = vld1q_f32(src), b = vld1q_f32(src + lds);
  const float32x4_t c = vld1q_f32(src + 2 * lds), d = vld1q_f32(src + 3 * lds);
  const float32x4x2_t ab = vtrnq_f32(a, b), cd = vtrnq_f32(c, d);
  vst1q_f32(dst, vcombine_f32(vget_low_f32(ab.val[0]), vget_low_f32(cd.val[0])));
  vst1q_f32(dst + ldd, vcombine_f32(vget_low_f32(ab.val[1]), vget_low_f32(cd.val[1])));
  vst1q_f32(dst + 2 * ldd, vcombine_f32(vget_high_f32(ab.val[0]), vget_high_f32(cd.val[0])));
  vst1q_f32(dst + 3 * ldd, vcombine_f32(vget_high_f32(ab.val[1]), vget_high_f32(cd.val[1])));
}

void transpose(const float* src, int64_t lds, int64_t rows, int64_t cols, float* dst, int64_t ldd) {
  const int64_t r4 = rows / 4 * 4, c4 = cols / 4 * 4;
  for (int64_t r = 0; r < r4; r += 4)
    for (int64_t c = 0; c < c4; c += 4) transpose_4x4(src + r * lds + c, lds, dst + c * ldd + r, ldd);
  transpose_scalar(src + c4, lds, r4, cols - c4, dst + c4 * ldd, ldd);
  transpose_scalar(src + r4 * lds, lds, rows - r4, cols, dst + r4, ldd);
}

// All lanes where x is no number.
inline uint32x4_t is_nan(float32x4_t x) { return vmvnq_u32(vceqq_f32(x, x)); }

void f32_to_f16(const float* src, int64_t n, uint16_t* dst) {
  const float32x4_t most = vdupq_n_f32(65504), least = vdupq_n_f32(-65504);
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const float32x4_t x = vld1q_f32(src + i);
    const uint16x4_t half = vreinterpret_u16_f16(vcvt_f16_f32(vmaxq_f32(vminq_f32(x, most), least)));
    const uint16x4_t sign = vand_u16(vshrn_n_u32(vreinterpretq_u32_f32(x), 16), vdup_n_u16(0x8000));
    vst1_u16(dst + i, vbsl_u16(vmovn_u32(is_nan(x)), vorr_u16(sign, vdup_n_u16(0x7e00)), half));
  }
  f32_to_f16_scalar(src + i, n - i, dst + i);
}

void f32_to_bf16(const float* src, int64_t n, uint16_t* dst) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const float32x4_t x = vld1q_f32(src + i);
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint16x4_t nearest = vshrn_n_u32(vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd), 16);
    const uint16x4_t quiet = vorr_u16(vshrn_n_u32(bits, 16), vdup_n_u16(0x40));
    vst1_u16(dst + i, vbsl_u16(vmovn_u32(is_nan(x)), quiet, nearest));
  }
  f32_to_bf16_scalar(src + i, n - i, dst + i);
}

void f16_to_f32(const uint16_t* src, int64_t n, float* dst) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) vst1q_f32(dst + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(src + i))));
  f16_to_f32_scalar(src + i, n - i, dst + i);
}

void bf16_to_f32(const uint16_t* src, int64_t n, float* dst) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) vst1q_f32(dst + i, vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(src + i), 16)));
  bf16_to_f32_scalar(src + i, n - i, dst + i);
}

double peak_f32(int64_t n) {
  float32x4_t acc[16];
  const float32x4_t a = vdupq_n_f32(0.999f), b = vdupq_n_f32(0.5f);
#pragma GCC unroll 16
  for (int j = 0; j < 16; j++) acc[j] = vdupq_n_f32(0);
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 16
    for (int j = 0; j < 16; j++) {
      acc[j] = vfmaq_f32(acc[j], a, b);
      asm volatile("" : "+w"(acc[j]));  // keeps the sum in a register and the loop from being folded
    }
  }
  return static_cast<double>(n) * 16 * 4 * 2;
}

}  // namespace

const Table neon = {
    .rows = 6,
    .lanes = 16,
    .tile = tile_any<V4, 6, 4>,
    .dots = dots_any<V4, 4, 4>,
    .transpose = transpose,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
    .f32_to_bf16 = f32_to_bf16,
    .bf16_to_f32 = bf16_to_f32,
    .pair_tile = nullptr,
    .pair_transpose = nullptr,
    .peak_f32 = peak_f32,
    .peak_bf16 = nullptr,
};

}  // namespace engram::kernels
