// Plain versions of the kernels that need no vectors: conversions and transposes. Used whole by the portable family and
// for the tails of the others. In an unnamed namespace for the reason given in tile.hpp.
#pragma once

#include "kernels.hpp"

namespace engram::kernels {
namespace {

inline uint32_t bits_of(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, 4);
  return u;
}

inline float float_of(uint32_t u) {
  float x;
  __builtin_memcpy(&x, &u, 4);
  return x;
}

inline uint16_t bf16_of(float x) {
  const uint32_t u = bits_of(x);
  if ((u & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((u >> 16) | 0x40);  // NaN stays NaN
  return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1)) >> 16);
}

inline float bf16_value(uint16_t h) { return float_of(static_cast<uint32_t>(h) << 16); }

inline uint16_t f16_of(float x) {
  const uint32_t u = bits_of(x), sign = (u >> 16) & 0x8000u, mag = u & 0x7fffffffu;
  if (mag > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
  if (mag >= 0x477fe000u) return static_cast<uint16_t>(sign | 0x7bffu);  // at and beyond 65504: the largest half
  if (mag < 0x38800000u) {
    // Below 2^-14 halves are evenly spaced, 2^-24 apart: adding 0.5 makes the f32 adder round to that spacing.
    return static_cast<uint16_t>(sign | (bits_of(float_of(mag) + 0.5f) - 0x3f000000u));
  }
  return static_cast<uint16_t>(sign | ((mag - 0x38000000u + 0xfffu + ((mag >> 13) & 1)) >> 13));
}

inline float f16_value(uint16_t h) {
  const uint32_t sign = (h & 0x8000u) << 16, mag = h & 0x7fffu;
  if (mag >= 0x7c00u) return float_of(sign | 0x7f800000u | (mag << 13));
  if (mag < 0x0400u) return float_of(sign | bits_of(static_cast<float>(mag) * 0x1p-24f));
  return float_of(sign | ((mag << 13) + 0x38000000u));
}

inline void f32_to_f16_scalar(const float* src, int64_t n, uint16_t* dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = f16_of(src[i]);
}

inline void f16_to_f32_scalar(const uint16_t* src, int64_t n, float* dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = f16_value(src[i]);
}

inline void f32_to_bf16_scalar(const float* src, int64_t n, uint16_t* dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = bf16_of(src[i]);
}

inline void bf16_to_f32_scalar(const uint16_t* src, int64_t n, float* dst) {
  for (int64_t i = 0; i < n; i++) dst[i] = bf16_value(src[i]);
}

inline void transpose_scalar(const float* src, int64_t lds, int64_t rows, int64_t cols, float* dst, int64_t ldd) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < cols; c++)
      __builtin_memcpy(dst + c * ldd + r, src + r * lds + c, 4);  // may be pairs of bf16
}

}  // namespace
}  // namespace engram::kernels
