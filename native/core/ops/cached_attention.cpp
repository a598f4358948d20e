// Attention of a few tokens to keys and values in a cache (see ops.hpp): a dot product for each key, which for one
// token is as fast as memory is. Not here: many tokens at once, which are matrix products (attention.cpp).
#include <algorithm>

#include "../aligned.hpp"
#include "ops.hpp"
#include "vector.hpp"

namespace engram {

void attention_cached(float* o, const float* qkv, const AttentionKind& kind, const std::vector<CachedSegment>& segments,
                      int64_t H, int64_t G, int64_t S, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  const int64_t W = H + 2 * G, row = 2 * G * S;
  pool.parallel_for(static_cast<int64_t>(segments.size()) * H, [&](int64_t job) {
    const CachedSegment& seg = segments[static_cast<size_t>(job / H)];
    const int64_t h = job % H;
    const uint16_t* keys = seg.rows + h * G / H * S;
    const uint16_t* values = keys + G * S;
    thread_local Floats scores;
    for (int64_t t = 0; t < seg.length; t++) {
      const int64_t end = seg.before + t + 1, begin = kind.window > 0 ? std::max<int64_t>(0, end - kind.window) : 0;
      const int64_t n = end - begin;
      float* p = sized(scores, n);
      const float* q = qkv + ((seg.start + t) * W + h) * S;
      vec.dots_half(p, q, keys + begin * row, row, n, S);
      vec.scale(p, kind.scale, n);
      if (kind.cap > 0) soft_cap_forward(p, kind.cap, n);
      const double total = vec.exp_sum(p, vec.max(p, n), n);
      float* out = o + ((seg.start + t) * H + h) * S;
      std::fill_n(out, S, 0.0f);
      vec.add_rows_half(out, p, values + begin * row, row, n, S);
      vec.scale(out, static_cast<float>(1 / total), S);
    }
  });
}

}  // namespace engram
