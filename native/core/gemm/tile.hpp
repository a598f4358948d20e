// The f32 micro-kernels, written once over a vector type V that each instruction set's file provides:
//   V::Reg, V::width, V::zero(), V::set1(x), V::load(p), V::store(p, r), V::mul(a, b), V::add(a, b), V::fma(a, b, c) =
//   a·b + c, V::sum(r) of all lanes, V::load_first(p, n) and V::store_first(p, n, r), which touch only n < V::width
//   values (the rest of the register is 0)
// Everything is in an unnamed namespace: each including file gets a copy compiled with its own flags, shared with
// nobody.
#pragma once

#include "kernels.hpp"

namespace engram::kernels {
namespace {

// R rows by N vectors of accumulators, held in registers over the whole of k.
template <class V, int R, int N>
void tile_of(const Tile& t) {
  typename V::Reg acc[R][N];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < N; v++) acc[r][v] = V::zero();

  const float* a = t.a;
  const float* b = t.b;
  const char* block = t.ahead.next;
  for (int64_t begin = 0; begin < t.k; begin += t.ahead.block, block += t.ahead.jump) {
    const int64_t end = begin + t.ahead.block < t.k ? begin + t.ahead.block : t.k;
    const char* next = block;
    for (int64_t p = begin; p < end; p++, b += t.ldb, next += t.ahead.step) {
      __builtin_prefetch(next, 0, 2);
      typename V::Reg row[N];
#pragma GCC unroll 4
      for (int v = 0; v < N; v++) row[v] = V::load(b + v * V::width);
#pragma GCC unroll 16
      for (int r = 0; r < R; r++) {
        const typename V::Reg x = V::set1(a[r * t.lda + p]);
#pragma GCC unroll 4
        for (int v = 0; v < N; v++) acc[r][v] = V::fma(x, row[v], acc[r][v]);
      }
    }
  }

  const typename V::Reg alpha = V::set1(t.alpha);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++) {
    float* c = t.c + r * t.ldc;
#pragma GCC unroll 4
    for (int v = 0; v < N; v++) {
      const int64_t left = t.cols - v * V::width;
      const typename V::Reg sum = V::mul(alpha, acc[r][v]);
      if (left >= V::width) {
        V::store(c + v * V::width, t.accumulate ? V::add(V::load(c + v * V::width), sum) : sum);
      } else if (left > 0) {
        V::store_first(c + v * V::width, left, t.accumulate ? V::add(V::load_first(c + v * V::width, left), sum) : sum);
      }
    }
  }
}

template <class V, int R, int N>
void tile_rows(const Tile& t) {
  if (t.rows == R) {
    tile_of<V, R, N>(t);
  } else if constexpr (R > 1) {
    tile_rows<V, R - 1, N>(t);
  }
}

// The entry for Table::tile: at most R rows and N vectors; fewer vectors where the columns do not need them.
template <class V, int R, int N>
void tile_any(const Tile& t) {
  if constexpr (N > 1) {
    if (t.cols <= (N / 2) * V::width) return tile_any<V, R, N / 2>(t);
  }
  tile_rows<V, R, N>(t);
}

// The block at (row, col) of a product of rows with rows: R by N dot products at once.
template <class V, int R, int N>
void dots_of(const Dots& d, int64_t row, int64_t col) {
  typename V::Reg acc[R][N];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) acc[r][j] = V::zero();
  const float* a = d.a + row * d.lda;
  const float* b = d.b + col * d.ldb;
  const auto step = [&](auto load, int64_t p) {
    typename V::Reg y[N];
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) y[j] = load(b + j * d.ldb + p);
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const typename V::Reg x = load(a + r * d.lda + p);
#pragma GCC unroll 4
      for (int j = 0; j < N; j++) acc[r][j] = V::fma(x, y[j], acc[r][j]);
    }
  };
  int64_t p = 0;
  for (; p + V::width <= d.k; p += V::width) step([](const float* q) { return V::load(q); }, p);
  if (p < d.k) step([rest = d.k - p](const float* q) { return V::load_first(q, rest); }, p);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int j = 0; j < N; j++) {
      float& c = d.c[(row + r) * d.ldc + col + j];
      c = d.alpha * V::sum(acc[r][j]) + (d.accumulate ? c : 0.0f);
    }
}

// The entry for Table::dots. Single rows and columns at the edges; every sum has the same order wherever its block
// lies.
template <class V, int R, int N>
void dots_any(const Dots& d) {
  const int64_t rows = d.rows / R * R, cols = d.cols / N * N;
  for (int64_t row = 0; row < rows; row += R) {
    for (int64_t col = 0; col < cols; col += N) dots_of<V, R, N>(d, row, col);
    for (int64_t col = cols; col < d.cols; col++) dots_of<V, R, 1>(d, row, col);
  }
  for (int64_t row = rows; row < d.rows; row++) {
    for (int64_t col = 0; col < cols; col += N) dots_of<V, 1, N>(d, row, col);
    for (int64_t col = cols; col < d.cols; col++) dots_of<V, 1, 1>(d, row, col);
  }
}

}  // namespace
}  // namespace engram::kernels
