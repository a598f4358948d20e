// The kernels of 8-bit products, as a table of plain functions per instruction set (see kernels.hpp for the rules of
// such files). Weights are bytes with an offset added, because the dot products of x86 want one side unsigned;
// activations are signed bytes with a scale for each group of neighbours along the reduction. Sums are exact in 32
// bits.
#pragma once

#include "kernels.hpp"

namespace engram::kernels {

constexpr int64_t kInt8Lanes = 32;  // columns of a panel
constexpr int64_t kInt8Group = 64;  // activations that share a scale

// C[rows, cols] (+)= Σ over groups of scales[r, g] · (X[r, g] · (W[g, lane] - offset)) · lane_scale[lane].
// X has rows of k bytes, ldx apart; k is a multiple of 4. W is a panel [k / 4][lanes][4]. `sums` is -offset · Σ X of
// each group, so that the sum may start from it. scales and sums have rows lds apart.
struct Int8Tile {
  int64_t rows, cols, k;
  const int8_t* x;
  int64_t ldx;
  const float* scales;
  const int32_t* sums;
  int64_t lds;
  const uint8_t* w;
  const float* lane_scale;
  float* c;
  int64_t ldc;
  bool accumulate;
  Ahead ahead;
};

struct Int8Table {
  int64_t rows;    // most rows of a tile
  int32_t offset;  // weights are from -offset to offset, but within a signed byte, before it is added
  void (*tile)(const Int8Tile&);
  // x[n] · factor[n] (factor may be null) to bytes, group by group. A group with a value that is not a finite number
  // gets a scale that is none either: what is broken must show in the result.
  void (*quantize)(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums);
  // Turns a block [8 quads of i][32 o][4] into [8 quads of o][32 i][4].
  void (*transpose)(const uint8_t* src, uint8_t* dst);
  double (*peak)(int64_t n);  // see Table::peak_f32; null without such instructions
};

extern const Int8Table int8_portable;
extern const Int8Table int8_avx2;        // 256 bits, weights of 7 bits
extern const Int8Table int8_avxvnni;     // 256 bits
extern const Int8Table int8_avx512vnni;  // 512 bits

// The fastest of a family that this CPU has.
const Int8Table& int8_table(Isa isa);

}  // namespace engram::kernels
