// Attention against a plain reference in double: values directly, gradients against central differences, one value at a
// time or, of long sequences, along random directions.
#include <cmath>

#include "check.hpp"
#include "golden.hpp"
#include "ops/ops.hpp"
#include "reference.hpp"

using namespace engram;
using namespace reference;
using golden::relative_error;

namespace {

// Row r of a batch sees the rows for which this is true.
bool sees(const std::vector<Segment>& segments, int64_t window, int64_t r, int64_t key) {
  for (const Segment& s : segments) {
    if (r < s.start || r >= s.start + s.length) continue;
    const auto position = [&](int64_t row) { return row < s.prefix ? row : s.prefix + row - s.start; };
    const bool before = (key >= s.start && key <= r) || key < s.prefix;
    return before && (window == 0 || position(r) - position(key) < window);
  }
  return false;
}

Doubles attention(const Doubles& q, const Doubles& k, const Doubles& v, const AttentionKind& kind,
                  const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t G, int64_t S) {
  const double scale = kind.scale, cap = kind.cap;
  Doubles o(q.size(), 0);
  for (int64_t r = 0; r < T; r++) {
    for (int64_t h = 0; h < H; h++) {
      const int64_t g = h / (H / G);
      Doubles p(static_cast<size_t>(T), 0);
      double total = 0;
      for (int64_t key = 0; key < T; key++) {
        if (!sees(segments, kind.window, r, key)) continue;
        double score = 0;
        for (int64_t i = 0; i < S; i++) score += q[(r * H + h) * S + i] * k[(key * G + g) * S + i];
        score *= scale;
        if (cap > 0) score = cap * std::tanh(score / cap);
        p[key] = std::exp(score);
        total += p[key];
      }
      for (int64_t key = 0; key < T; key++) {
        for (int64_t i = 0; i < S; i++) o[(r * H + h) * S + i] += p[key] / total * v[(key * G + g) * S + i];
      }
    }
  }
  return o;
}

}  // namespace

TEST(ops_attention) {
  ThreadPool pool(2);
  struct Shape {
    int64_t T, H, G, S;
    std::vector<Segment> segments;
    AttentionKind kind = {0.5f};
  };
  const Shape shapes[] = {
      {7, 2, 2, 4, {{0, 7, 0}}},
      {9, 4, 2, 5, {{0, 4, 0}, {4, 5, 0}}},                                // two sequences
      {11, 6, 2, 3, {{0, 4, 0}, {4, 3, 4}, {7, 4, 4}}},                    // two that share their first four rows
      {1, 3, 1, 8, {{0, 1, 0}}},                                           // one token
      {12, 2, 1, 4, {{0, 2, 0}, {2, 1, 2}, {3, 9, 2}}},                    // one key/value head
      {73, 2, 1, 2, {{0, 3, 0}, {3, 70, 3}}},                              // more than a block of queries
      {9, 4, 2, 5, {{0, 4, 0}, {4, 5, 0}}, {1, 0.7f, 0}},                  // soft cap
      {9, 4, 2, 5, {{0, 9, 0}}, {0.3f, 0, 3}},                             // sliding window
      {9, 2, 2, 3, {{0, 9, 0}}, {0.3f, 0, 1}},                             // a token sees only itself
      {17, 6, 2, 3, {{0, 5, 0}, {5, 7, 5}, {12, 5, 5}}, {0.5f, 2, 4}},     // a window that leaves a shared beginning
      {150, 2, 1, 3, {{0, 7, 0}, {7, 90, 7}, {97, 53, 7}}, {0.5f, 0, 5}},  // shorter than a block of queries
      {150, 1, 1, 2, {{0, 75, 0}, {75, 75, 75}}, {0.5f, 1.5f, 70}},        // longer than a block
  };
  for (const auto& [T, H, G, S, segments, kind] : shapes) {
    const Floats q = random(T * H * S, 1, 2), k = random(T * G * S, 2, 2), v = random(T * G * S, 3);
    const Floats d_o = random(T * H * S, 4);
    const Floats qkv = beside(T, {&q, &k, &v});
    Floats o(q.size()), lse(static_cast<size_t>(H * T)), dqkv(qkv.size(), NAN);
    attention_forward(o.data(), lse.data(), qkv.data(), kind, segments, T, H, G, S, pool);
    CHECK_NEAR(relative_error(o, attention(wide(q), wide(k), wide(v), kind, segments, T, H, G, S)), 0, kTolerance);

    std::vector<float> shares(static_cast<size_t>(attention_shares(segments, T, H, S)));
    attention_backward(dqkv.data(), qkv.data(), o.data(), lse.data(), d_o.data(), kind, segments, T, H, G, S,
                       shares.data(), pool);
    const Floats dq = columns(dqkv, T, 0, H * S), dk = columns(dqkv, T, H * S, G * S),
                 dv = columns(dqkv, T, (H + G) * S, G * S);
    const auto loss = [&](const Doubles& a, const Doubles& b, const Doubles& c) {
      return dot(attention(a, b, c, kind, segments, T, H, G, S), d_o);
    };
    const Doubles wq = wide(q), wk = wide(k), wv = wide(v);
    const auto of_q = [&](const Doubles& at) { return loss(at, wk, wv); };
    const auto of_k = [&](const Doubles& at) { return loss(wq, at, wv); };
    const auto of_v = [&](const Doubles& at) { return loss(wq, wk, at); };
    const auto error = [T = T](const auto& f, const Doubles& at, const Floats& gradient) {
      return T > 50 ? error_along_directions(f, at, gradient) : relative_error(gradient, differences(f, at));
    };
    const bool chooses = T > 1 && kind.window != 1;  // among more than one key
    if (chooses) CHECK_NEAR(error(of_q, wq, dq), 0, kTolerance);
    if (chooses) CHECK_NEAR(error(of_k, wk, dk), 0, kTolerance);
    if (!chooses) CHECK_NEAR(std::abs(dq[0]) + std::abs(dk[0]), 0, 1e-6);
    CHECK_NEAR(error(of_v, wv, dv), 0, kTolerance);
  }
}

TEST(ops_attention_survives_large_scores) {
  ThreadPool pool(1);
  const Floats q = {300, -300, 300, 300}, k = {300, -300, -300, 300}, v = {1, 2, 3, 4};
  const Floats qkv = beside(2, {&q, &k, &v});
  Floats o(4), lse(2);
  attention_forward(o.data(), lse.data(), qkv.data(), {0.70710678f}, {{0, 2, 0}}, 2, 1, 1, 2, pool);
  CHECK(o[0] == 1 && o[1] == 2);
  CHECK_NEAR(o[2], 2, 1e-6);  // both keys score 0
}
