// The 8-bit tile, written once over a vector type V that each instruction set's file provides:
//   V::Int, V::Float, V::width (32-bit lanes), V::set1(int32), V::load_bytes(p), V::dot(sum, u8, s8) = sum + four
//   products in each lane, V::to_float(Int), V::zero(), V::set1f(x), V::fma(a, b, c), V::mul(a, b), V::add(a, b),
//   V::load(p), V::store_first(p, n, r), V::load_first(p, n)
// In an unnamed namespace for the reason given in kernels.hpp.
#pragma once

#include "int8.hpp"

namespace engram::kernels {
namespace {

// R rows by N vectors of 32-bit sums, and as many floats that gather the groups: all in registers.
template <class V, int R, int N>
void int8_tile_of(const Int8Tile& t, int64_t col) {
  typename V::Float total[R][N];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < N; v++) total[r][v] = V::zero();

  const uint8_t* w = t.w + col * 4;
  const char* next = t.ahead.next;
  for (int64_t begin = 0, group = 0; begin < t.k; begin += kInt8Group, group++) {
    const int64_t end = begin + kInt8Group < t.k ? begin + kInt8Group : t.k;
    typename V::Int acc[R][N];
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      acc[r][0] = V::set1(t.sums[r * t.lds + group]);
#pragma GCC unroll 4
      for (int v = 1; v < N; v++) acc[r][v] = acc[r][0];
    }
    for (int64_t p = begin; p < end; p += 4, w += 4 * kInt8Lanes, next += t.ahead.step) {
      __builtin_prefetch(next, 0, 2);
      typename V::Int b[N];
#pragma GCC unroll 4
      for (int v = 0; v < N; v++) b[v] = V::load_bytes(w + v * 4 * V::width);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        int32_t quad;
        __builtin_memcpy(&quad, t.x + r * t.ldx + p, 4);
        const typename V::Int x = V::set1(quad);
#pragma GCC unroll 4
        for (int v = 0; v < N; v++) acc[r][v] = V::dot(acc[r][v], b[v], x);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const typename V::Float scale = V::set1f(t.scales[r * t.lds + group]);
#pragma GCC unroll 4
      for (int v = 0; v < N; v++) total[r][v] = V::fma(V::to_float(acc[r][v]), scale, total[r][v]);
    }
  }

#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < N; v++) {
      const int64_t at = col + v * V::width, left = t.cols - at;
      if (left <= 0) continue;
      float* c = t.c + r * t.ldc + at;
      const typename V::Float y = V::mul(total[r][v], V::load(t.lane_scale + at));
      V::store_first(c, left, t.accumulate ? V::add(y, V::load_first(c, left)) : y);
    }
}

template <class V, int R, int N>
void int8_tile_rows(const Int8Tile& t, int64_t col) {
  if (t.rows == R) {
    int8_tile_of<V, R, N>(t, col);
  } else if constexpr (R > 1) {
    int8_tile_rows<V, R - 1, N>(t, col);
  }
}

// The entry for Int8Table::tile: at most R rows, N vectors at a time.
template <class V, int R, int N>
void int8_tile(const Int8Tile& t) {
  for (int64_t col = 0; col < kInt8Lanes && col < t.cols; col += N * V::width) int8_tile_rows<V, R, N>(t, col);
}

// Registers only; V::keep(x) tells the compiler that x is used.
template <class V>
double int8_peak(int64_t n) {
  typename V::Int acc[12];
  const typename V::Int a = V::set1(0x03030303), b = V::set1(0x02020202);
#pragma GCC unroll 12
  for (int j = 0; j < 12; j++) acc[j] = V::set1(j);
  for (int64_t i = 0; i < n; i++) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; j++) {
      acc[j] = V::dot(acc[j], a, b);
      V::keep(acc[j]);
    }
  }
  return static_cast<double>(n) * 12 * V::width * 8;
}

}  // namespace
}  // namespace engram::kernels
