// Plain versions of the 8-bit kernels, for the portable family and for what the vectors of the others leave over. In an
// unnamed namespace for the reason given in kernels.hpp.
#pragma once

#include "int8.hpp"
#include "scalar.hpp"

namespace engram::kernels {
namespace {

// Whether 127 / largest, the reciprocal of the scale, is a finite number; `largest` as bits, in which NaN beats
// everything. Below 2^-121 it overflows, and the group adds nothing that a float could show.
constexpr bool is_sound(uint32_t largest) { return largest >= 0x03000000u && largest < 0x7f800000u; }

// Keeps a product from being fused with what is added to it.
inline float rounded(float product) {
  asm("" : "+m"(product));
  return product;
}

// One group, rounded to the nearest, halves to even, as vectors do it.
inline void quantize_group_scalar(const float* x, const float* factor, int64_t n, int32_t offset, int8_t* q,
                                  float* scale, int32_t* sum) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = bits_of(factor ? x[i] * factor[i] : x[i]) & 0x7fffffffu;
    largest = bits > largest ? bits : largest;
  }
  *scale = float_of(largest) / 127;
  *sum = 0;
  const bool sound = is_sound(largest);
  const float inverse = sound ? 127 / float_of(largest) : 0;
  for (int64_t i = 0; i < n; i++) {
    const float y = sound ? (factor ? x[i] * factor[i] : x[i]) * inverse : 0;
    q[i] = static_cast<int8_t>(__builtin_nearbyintf(y));
    *sum -= offset * q[i];
  }
}

}  // namespace
}  // namespace engram::kernels
