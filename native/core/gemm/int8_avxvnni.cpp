// 8-bit kernels for AVX-VNNI, the 256-bit form of the same dot product on CPUs without AVX-512.
#include "int8_avx2.hpp"
#include "int8_tile.hpp"

namespace engram::kernels {
namespace {

struct V8 : Int8Vector {
  static Int dot(Int sum, Int u8, Int s8) {
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(u8), "x"(s8));  // see int8_avx512vnni.cpp
    return sum;
  }
};

}  // namespace

// Two rows fewer than the registers would hold with 16 columns at a time: 3 · 2 sums, as many floats, 2 weights, 1 x.
const Int8Table int8_avxvnni = {.rows = 3,
                                .depth = 4,
                                .step = 4,
                                .offset = 128,
                                .most = 127,
                                .tile = int8_tile<V8, 3, 2>,
                                .quantize = quantize<128>,
                                .transpose = transpose,
                                .peak = int8_peak<V8>};

}  // namespace engram::kernels
