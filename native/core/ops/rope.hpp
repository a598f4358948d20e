// Rotary position embedding (Su et al. 2021): pairs of a head's leading dimensions are turned by position · frequency.
// Not here: where a model's frequencies come from (rope_scaling.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "../threads.hpp"

namespace engram {

// Which dimensions are a pair: 2i and 2i + 1, or i and i + R/2.
enum class RopeOrder { neighbours, halves };

struct Rope {
  RopeOrder order = RopeOrder::neighbours;
  std::vector<double> frequencies;  // [R / 2] radians a position, for the first R dimensions of a head
  float magnitude = 1;              // what is turned is also multiplied by this (YaRN, LongRoPE)
};

struct RopeTable {
  int64_t R = 0, n_positions = 0;
  RopeOrder order = RopeOrder::neighbours;
  std::vector<float> cosine, sine;  // [n_positions, R / 2], times the magnitude
  // Grows to `n` positions; `rope` must be the same every time.
  void extend(int64_t n, const Rope& rope);
};

// x [T, heads, S] in place, the first `turned` heads of each row; positions [T]
void rope_forward(float* x, const RopeTable& table, const int32_t* positions, int64_t T, int64_t heads, int64_t turned,
                  int64_t S, ThreadPool& pool);
// dx in place: turns the other way
void rope_backward(float* dx, const RopeTable& table, const int32_t* positions, int64_t T, int64_t heads,
                   int64_t turned, int64_t S, ThreadPool& pool);

}  // namespace engram
