// Whether two that compute the same model's numbers do: how far apart they are. Not here: what is compared.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace engram {

// Most that numbers may differ from llama.cpp's so that weights count as those of the same model. Rounding to bytes
// makes a few hundredths, another order of heads or positions, or another model, more than 1.
constexpr double kMostApart = 0.3;

// The difference as a share of the norm of `theirs`; NaN if there is nothing to compare.
inline double apart(std::span<const float> ours, std::span<const float> theirs) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < theirs.size(); ++i) {
    difference += std::pow(double{ours[i]} - double{theirs[i]}, 2);
    norm += std::pow(double{theirs[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

}  // namespace engram
