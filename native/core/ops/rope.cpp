// Rotary position embedding (see rope.hpp).
#include "rope.hpp"

#include <cmath>

#include "rows.hpp"
#include "vector.hpp"

namespace engram {

void RopeTable::extend(int64_t n, const Rope& rope) {
  R = 2 * static_cast<int64_t>(rope.frequencies.size());
  order = rope.order;
  if (n <= n_positions) return;
  cosine.resize(n * R / 2);
  sine.resize(n * R / 2);
  const double magnitude = rope.magnitude;
  for (int64_t p = n_positions; p < n; p++) {
    for (int64_t i = 0; i < R / 2; i++) {
      const double angle = static_cast<double>(p) * rope.frequencies[i];
      cosine[p * R / 2 + i] = static_cast<float>(magnitude * std::cos(angle));
      sine[p * R / 2 + i] = static_cast<float>(magnitude * std::sin(angle));
    }
  }
  n_positions = n;
}

namespace {
void rotate(float* x, const RopeTable& table, const int32_t* positions, float direction, int64_t T, int64_t heads,
            int64_t turned, int64_t S, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  const auto turn = table.order == RopeOrder::halves ? vec.rotate_halves : vec.rotate_pairs;
  const int64_t pairs = table.R / 2;
  for_rows(T, pool, [&](int64_t t) {
    const float *c = table.cosine.data() + positions[t] * pairs, *s = table.sine.data() + positions[t] * pairs;
    for (int64_t h = 0; h < turned; h++) turn(x + (t * heads + h) * S, c, s, direction, pairs);
  });
}
}  // namespace

void rope_forward(float* x, const RopeTable& table, const int32_t* positions, int64_t T, int64_t heads, int64_t turned,
                  int64_t S, ThreadPool& pool) {
  rotate(x, table, positions, 1, T, heads, turned, S, pool);
}

void rope_backward(float* dx, const RopeTable& table, const int32_t* positions, int64_t T, int64_t heads,
                   int64_t turned, int64_t S, ThreadPool& pool) {
  rotate(dx, table, positions, -1, T, heads, turned, S, pool);
}

}  // namespace engram
