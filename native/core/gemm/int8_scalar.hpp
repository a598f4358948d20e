// Plain versions of the 8-bit kernels, for the portable family and for what the vectors of the others leave over. In an
// unnamed namespace for the reason given in kernels.hpp.
#pragma once

#include "int8.hpp"
#include "scalar.hpp"

namespace engram::kernels {
namespace {

// 127 / largest; the reciprocal of the scale. The largest is taken of the bits, in which NaN beats everything.
inline void quantize_group_scalar(const float* x, const float* factor, int64_t n, int32_t offset, int8_t* q,
                                  float* scale, int32_t* sum) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < n; i++) {
    const uint32_t bits = bits_of(factor ? x[i] * factor[i] : x[i]) & 0x7fffffffu;
    largest = bits > largest ? bits : largest;
  }
  *scale = float_of(largest) / 127;
  *sum = 0;
  // Below this 1 / scale would overflow, and the group adds nothing that a float could show.
  const bool sound = largest >= 0x00800000u && largest < 0x7f800000u;
  const float inverse = sound ? 127 / float_of(largest) : 0;
  for (int64_t i = 0; i < n; i++) {
    const float y = sound ? (factor ? x[i] * factor[i] : x[i]) * inverse : 0;
    q[i] = static_cast<int8_t>(static_cast<int32_t>(y + (y < 0 ? -0.5f : 0.5f)));
    *sum -= offset * q[i];
  }
}

}  // namespace
}  // namespace engram::kernels
