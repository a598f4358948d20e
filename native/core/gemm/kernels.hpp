// The kernels of one instruction set, as a table of plain functions: what gemm.cpp builds every product from. Not an
// interface for anything outside this folder and cpu.cpp. The files that fill these tables are compiled with flags of
// their own, so this header includes nothing whose inline functions could be emitted there and then run elsewhere.
#pragma once

#include <stdint.h>

namespace engram {
enum class Isa;
}

namespace engram::kernels {

// Memory that will be wanted soon, asked for a little at each step along k while the multipliers are busy: bunched
// prefetches gain nothing, these hide most of the way to memory. At step p the line at next + p / block · jump + p %
// block · step.
struct Ahead {
  const char* next;
  int64_t block, step, jump;
};

// A tile: C[rows, cols] = alpha · A[rows, k] · B[k, lanes], or += when accumulate. A's rows are lda apart, B's are ldb
// apart; B is read at its full width of `lanes`, C is written only in its first `cols` columns.
struct Tile {
  int64_t rows, cols, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
  float alpha;
  bool accumulate;
  Ahead ahead;
};

// The same over bf16: `a` and `b` hold pairs of neighbours along k, `k` and `lda` count pairs. B is [k][lanes] pairs.
struct PairTile {
  int64_t rows, cols, k;
  const uint32_t* a;
  int64_t lda;
  const uint32_t* b;
  float* c;
  int64_t ldc;
  bool accumulate;
  Ahead ahead;
};

// C[rows, cols] = alpha · A[rows, k] · B[cols, k]ᵀ, or += when accumulate: any number of rows and columns, vectors
// along k.
struct Dots {
  int64_t rows, cols, k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  float* c;
  int64_t ldc;
  float alpha;
  bool accumulate;
};

struct Table {
  int64_t rows;   // most rows of a Tile; at most kMaxRows
  int64_t lanes;  // columns of a Tile; at most kMaxLanes
  void (*tile)(const Tile&);
  void (*dots)(const Dots&);
  // dst[cols, rows] = src[rows, cols]ᵀ
  void (*transpose)(const float* src, int64_t lds, int64_t rows, int64_t cols, float* dst, int64_t ldd);
  // n values; f32 → half rounds to nearest even, f16 saturates.
  void (*f32_to_f16)(const float* src, int64_t n, uint16_t* dst);
  void (*f16_to_f32)(const uint16_t* src, int64_t n, float* dst);
  void (*f32_to_bf16)(const float* src, int64_t n, uint16_t* dst);
  void (*bf16_to_f32)(const uint16_t* src, int64_t n, float* dst);
  // Null without bf16 dot products. A PairTile has at most `rows` rows and `lanes` columns.
  void (*pair_tile)(const PairTile&);
  // Turns a block [lanes/2 pairs of i][lanes o] into [lanes/2 pairs of o][lanes i].
  void (*pair_transpose)(const uint32_t* src, uint32_t* dst);
  // Register-only loops of n rounds for measure_peak; each returns the operations done. Null where not there.
  double (*peak_f32)(int64_t n);
  double (*peak_bf16)(int64_t n);
};

constexpr int64_t kMaxRows = 16;
constexpr int64_t kMaxLanes = 32;

// The table of a family this CPU has.
const Table& table(Isa isa);

extern const Table portable;
extern const Table neon;
extern const Table avx2;
extern const Table avx512;
extern const Table avx512bf16;

}  // namespace engram::kernels
