// What the tests of single operations share: random values, references in double, central differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <vector>

#include "random.hpp"

namespace reference {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;

constexpr double kTolerance = 1e-5;

inline Floats random(int64_t n, uint64_t seed, double size = 1) {
  engram::Random draw(seed);
  Floats out(static_cast<size_t>(n));
  for (float& x : out) x = static_cast<float>((2 * draw.uniform() - 1) * size);
  return out;
}

inline Doubles wide(const Floats& x) { return {x.begin(), x.end()}; }

inline double dot(const Doubles& a, const Floats& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += a[i] * static_cast<double>(b[i]);
  return sum;
}

// Central differences of f at x.
inline Doubles differences(const std::function<double(const Doubles&)>& f, Doubles x, double step = 1e-5) {
  Doubles out(x.size());
  for (size_t i = 0; i < x.size(); i++) {
    const double at = x[i];
    x[i] = at + step;
    const double above = f(x);
    x[i] = at - step;
    const double below = f(x);
    x[i] = at;
    out[i] = (above - below) / (2 * step);
  }
  return out;
}

// How far `gradient` is from f's derivatives at x along random directions, relative to what its values add up to: for
// more values than differences() has time for. Each direction sees all of them, so one that is wrong shows.
inline double error_along_directions(const std::function<double(const Doubles&)>& f, const Doubles& x,
                                     const Floats& gradient, double step = 1e-5) {
  double worst = 0;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    const Doubles direction = wide(random(static_cast<int64_t>(x.size()), 1000 + seed));
    Doubles above = x, below = x;
    double sum = 0, size = 0;
    for (size_t i = 0; i < x.size(); i++) {
      above[i] += step * direction[i];
      below[i] -= step * direction[i];
      sum += direction[i] * static_cast<double>(gradient[i]);
      size += std::abs(direction[i] * static_cast<double>(gradient[i]));
    }
    const double error = std::abs((f(above) - f(below)) / (2 * step) - sum) / size;
    if (!std::isfinite(error)) return INFINITY;
    worst = std::max(worst, error);
  }
  return worst;
}

// Rows of a, b, c … side by side: [T, Σ widths].
inline Floats beside(int64_t T, std::initializer_list<const Floats*> parts) {
  Floats out;
  for (int64_t t = 0; t < T; t++) {
    for (const Floats* part : parts) {
      const int64_t width = static_cast<int64_t>(part->size()) / T;
      out.insert(out.end(), part->begin() + t * width, part->begin() + (t + 1) * width);
    }
  }
  return out;
}

// Columns [first, first + width) of each of T rows.
inline Floats columns(const Floats& x, int64_t T, int64_t first, int64_t width) {
  const int64_t row = static_cast<int64_t>(x.size()) / T;
  Floats out;
  for (int64_t t = 0; t < T; t++)
    out.insert(out.end(), x.begin() + t * row + first, x.begin() + t * row + first + width);
  return out;
}

}  // namespace reference
