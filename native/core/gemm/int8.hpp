// The kernels of 8-bit products, as a table of plain functions per instruction set (see kernels.hpp for the rules of
// such files). Weights are bytes, with an offset added where the dot products want one side unsigned, as those of x86
// do; activations are signed bytes with a scale for each group of neighbours along the reduction. Sums of a group are
// exact in 32 bits and are added in one order, with one rounding each: every table gives the same bits.
#pragma once

#include "kernels.hpp"

namespace engram::kernels {

constexpr int64_t kInt8Lanes = 32;  // columns of a panel
constexpr int64_t kInt8Group = 64;  // activations that share a scale

// C[rows, cols] (+)= Σ over groups of scales[r, g] · (X[r, g] · (W[g, lane] - offset)) · lane_scale[lane].
// X has rows of k bytes, ldx apart; k is a multiple of Int8Table::step. W is a panel [k / depth][lanes][depth]. `sums`
// is -offset · Σ X of each group, so that the sum may start from it. scales and sums have rows lds apart.
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
  int64_t depth;   // weights of a lane that lie together
  int64_t step;    // what the length of a tile is a multiple of; at most 32
  int32_t offset;  // what is added to each weight
  int32_t most;    // weights are from -most to most before
  void (*tile)(const Int8Tile&);
  // x[n] · factor[n] (factor may be null) to bytes, group by group. A group with a value that is not a finite number
  // gets a scale that is none either: what is broken must show in the result.
  void (*quantize)(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums);
  // Turns a block [32 / depth of i][32 o][depth] into [32 / depth of o][32 i][depth].
  void (*transpose)(const uint8_t* src, uint8_t* dst);
  double (*peak)(int64_t n);  // see Table::peak_f32; null without such instructions
};

extern const Int8Table int8_portable;
extern const Int8Table int8_avx2;        // 256 bits, weights of 7 bits
extern const Int8Table int8_avxvnni;     // 256 bits
extern const Int8Table int8_avx512vnni;  // 512 bits
extern const Int8Table int8_dotprod;     // ARM from v8.2 on
extern const Int8Table int8_i8mm;        // ARM from v8.6 on

// The fastest of a family that this CPU has.
const Int8Table& int8_table(Isa isa);

}  // namespace engram::kernels
