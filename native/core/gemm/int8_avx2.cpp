// 8-bit kernels for AVX2 alone: vpmaddubsw adds two products in 16 bits, vpmaddwd widens and adds two of these, which
// is twice as fast as multiplying floats. Weights have 7 bits and 64 added: 127 · (64 + 64) · 2 is still below 2^15, so
// that nothing saturates and sums are exact.
#include "int8_avx2.hpp"

#include "int8_tile.hpp"

namespace engram::kernels {
namespace {

struct V8 : Int8Vector {
  static Int dot(Int sum, Int u8, Int s8) {
    Int pairs;
    // Not the intrinsics: see int8_avx512vnni.cpp.
    asm("vpmaddubsw %3, %2, %1\n\tvpmaddwd %4, %1, %1\n\tvpaddd %1, %0, %0"
        : "+x"(sum), "=&x"(pairs)
        : "x"(u8), "x"(s8), "x"(_mm256_set1_epi16(1)));
    return sum;
  }
};

}  // namespace

// 4 · 2 sums, 2 weights, 1 x, the ones and two in between; the floats wait in memory for the end of a group.
const Int8Table int8_avx2 = {.rows = 4,
                             .depth = 4,
                             .step = 4,
                             .offset = 64,
                             .most = 64,
                             .tile = int8_tile<V8, 4, 2>,
                             .quantize = quantize<64>,
                             .transpose = transpose,
                             .peak = int8_peak<V8>};

}  // namespace engram::kernels
