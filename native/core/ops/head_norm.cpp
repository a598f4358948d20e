// RMSNorm of single heads (see ops.hpp), as Qwen 3 and Gemma 3 norm queries and keys before turning them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops.hpp"
#include "rows.hpp"
#include "vector.hpp"

namespace engram {

void head_norm_forward(float* x, float* before, float* rstd, const float* w, float eps, const Heads& heads, int64_t T,
                       int64_t S, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  for_rows(T, pool, [&](int64_t t) {
    for (int64_t h = heads.first; h < heads.first + heads.n; h++) {
      const int64_t head = t * heads.row + h;
      float *of = x + head * S, *kept = before + head * S;
      std::copy_n(of, S, kept);
      const double mean = vec.sum_squares(kept, S) / static_cast<double>(S);
      rstd[head] = static_cast<float>(1 / std::sqrt(mean + eps));
      vec.mul_scale(of, kept, w, rstd[head], S);
    }
  });
}

void head_norm_backward(float* dx, const float* before, const float* rstd, const float* w, const Heads& heads,
                        int64_t T, int64_t S, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  for_rows(T, pool, [&](int64_t t) {
    std::vector<float> dy(S);
    for (int64_t h = heads.first; h < heads.first + heads.n; h++) {
      const int64_t head = t * heads.row + h;
      const float* kept = before + head * S;
      float* d = dx + head * S;
      std::copy_n(d, S, dy.data());
      std::fill_n(d, S, 0.0f);
      const double sum = vec.dot3(dy.data(), w, kept, S);
      const float mean = static_cast<float>(sum * rstd[head] * rstd[head] / static_cast<double>(S));
      vec.rmsnorm_dx(d, kept, w, dy.data(), rstd[head], mean, S);
    }
  });
}

}  // namespace engram
