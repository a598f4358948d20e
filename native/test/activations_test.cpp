// Rotary embedding, gated activations, soft cap and the norm of single heads against plain references in double.
#include <cmath>

#include "check.hpp"
#include "golden.hpp"
#include "ops/ops.hpp"
#include "reference.hpp"

using namespace engram;
using namespace reference;
using golden::relative_error;

namespace {

Doubles swiglu(const Doubles& gate, const Doubles& up) {
  Doubles y(gate.size());
  for (size_t i = 0; i < y.size(); i++) y[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
  return y;
}

// GELU in the tanh form, as torch.nn.functional.gelu(approximate="tanh") has it.
Doubles geglu(const Doubles& gate, const Doubles& up) {
  Doubles y(gate.size());
  for (size_t i = 0; i < y.size(); i++) {
    const double g = gate[i], inner = std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g);
    y[i] = 0.5 * g * (1 + std::tanh(inner)) * up[i];
  }
  return y;
}

}  // namespace

TEST(ops_rope) {
  ThreadPool pool(2);
  const int64_t T = 5, heads = 3, turned = 2, S = 10, R = 6;  // the last head and the last four dimensions stay
  const int32_t positions[T] = {0, 7, 3, 200, 8};
  for (const RopeOrder order : {RopeOrder::neighbours, RopeOrder::halves}) {
    const Rope rope{order, {0.5, 0.05, 0.001}, 1.25f};
    RopeTable table;
    table.extend(4, rope);
    table.extend(201, rope);  // grows
    const auto rotate = [&](const Doubles& x) {
      Doubles y = x;
      for (int64_t t = 0; t < T; t++) {
        for (int64_t h = 0; h < turned; h++) {
          for (int64_t i = 0; i < R / 2; i++) {
            const double angle = positions[t] * rope.frequencies[i];
            const bool halves = order == RopeOrder::halves;
            const int64_t a = (t * heads + h) * S + (halves ? i : 2 * i), b = a + (halves ? R / 2 : 1);
            y[a] = 1.25 * (x[a] * std::cos(angle) - x[b] * std::sin(angle));
            y[b] = 1.25 * (x[a] * std::sin(angle) + x[b] * std::cos(angle));
          }
        }
      }
      return y;
    };
    const Floats x = random(T * heads * S, 1), dy = random(T * heads * S, 2);
    Floats y = x, dx = dy;
    rope_forward(y.data(), table, positions, T, heads, turned, S, pool);
    CHECK_NEAR(relative_error(y, rotate(wide(x))), 0, kTolerance);
    rope_backward(dx.data(), table, positions, T, heads, turned, S, pool);
    const auto loss = [&](const Doubles& at) { return dot(rotate(at), dy); };
    CHECK_NEAR(relative_error(dx, differences(loss, wide(x))), 0, kTolerance);
  }
}

TEST(ops_gated_activations) {
  ThreadPool pool(2);
  struct Kind {
    Doubles (*plain)(const Doubles& gate, const Doubles& up);
    decltype(&swiglu_forward) forward;
    decltype(&swiglu_backward) backward;
  };
  const Kind kinds[] = {{swiglu, swiglu_forward, swiglu_backward}, {geglu, geglu_forward, geglu_backward}};
  for (const auto& [plain, forward, backward] : kinds) {
    for (const auto& [T, F] : {std::pair<int64_t, int64_t>{1, 1}, {2, 16}, {3, 37}}) {
      const Floats gate = random(T * F, 1, 6), up = random(T * F, 2), dy = random(T * F, 3);
      Floats y(gate.size()), gate_up = beside(T, {&gate, &up});
      forward(y.data(), gate_up.data(), T, F, pool);
      CHECK_NEAR(relative_error(y, plain(wide(gate), wide(up))), 0, kTolerance);
      backward(gate_up.data(), gate_up.data(), dy.data(), T, F, pool);  // in place
      const auto of_gate = [&, plain = plain](const Doubles& at) { return dot(plain(at, wide(up)), dy); };
      const auto of_up = [&, plain = plain](const Doubles& at) { return dot(plain(wide(gate), at), dy); };
      CHECK_NEAR(relative_error(columns(gate_up, T, 0, F), differences(of_gate, wide(gate))), 0, kTolerance);
      CHECK_NEAR(relative_error(columns(gate_up, T, F, F), differences(of_up, wide(up))), 0, kTolerance);
    }
  }
}

TEST(ops_soft_cap) {
  for (const int64_t n : {1, 16, 133}) {
    for (const float cap : {0.5f, 30.0f}) {
      const Floats x = random(n, 1, 4), dy = random(n, 2);
      Floats y = x, dx = dy;
      const auto capped = [&](const Doubles& at) {
        Doubles out = at;
        for (double& value : out) value = double{cap} * std::tanh(value / double{cap});
        return out;
      };
      soft_cap_forward(y.data(), cap, n);
      CHECK_NEAR(relative_error(y, capped(wide(x))), 0, 1e-6);
      soft_cap_backward(dx.data(), y.data(), cap, n);
      const auto loss = [&](const Doubles& at) { return dot(capped(at), dy); };
      CHECK_NEAR(relative_error(dx, differences(loss, wide(x))), 0, kTolerance);
    }
  }
}

TEST(ops_soft_cap_is_exact_near_zero_and_lets_no_number_through_unseen) {
  Floats x = {1e-6f, -1e-3f, 0.19f, 0.21f, 1e30f, -1e30f, NAN};
  const Floats expected = {1e-6f, -1e-3f, std::tanh(0.19f), std::tanh(0.21f), 1, -1};
  soft_cap_forward(x.data(), 1, static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < expected.size(); i++) CHECK_NEAR(x[i] / expected[i], 1, 1e-6);
  CHECK(std::isnan(x.back()));
}

TEST(ops_head_norm) {
  ThreadPool pool(2);
  const int64_t T = 9, row = 4, S = 7;
  const Heads heads{row, 1, 2};  // the others stay
  const float eps = 1e-3f;
  const Floats x = random(T * row * S, 1), w = random(S, 2), dy = random(T * row * S, 3);
  const auto normed = [&](const Doubles& at) {
    Doubles y = at;
    for (int64_t t = 0; t < T; t++) {
      for (int64_t h = 1; h < 3; h++) {
        double mean = 0;
        const int64_t first = (t * row + h) * S;
        for (int64_t i = 0; i < S; i++) mean += at[first + i] * at[first + i] / static_cast<double>(S);
        for (int64_t i = 0; i < S; i++) y[first + i] = at[first + i] / std::sqrt(mean + double{eps}) * double{w[i]};
      }
    }
    return y;
  };
  Floats y = x, before(x.size()), rstd(static_cast<size_t>(T * row)), dx = dy;
  head_norm_forward(y.data(), before.data(), rstd.data(), w.data(), eps, heads, T, S, pool);
  CHECK_NEAR(relative_error(y, normed(wide(x))), 0, kTolerance);
  head_norm_backward(dx.data(), before.data(), rstd.data(), w.data(), heads, T, S, pool);
  const auto loss = [&](const Doubles& at) { return dot(normed(at), dy); };
  CHECK_NEAR(relative_error(dx, differences(loss, wide(x))), 0, kTolerance);
}

TEST(ops_add_rows) {
  ThreadPool pool(2);
  const int64_t T = 3, D = 19;
  const Floats x = random(T * D, 1), bias = random(D, 2);
  Floats sum = x, biased = x;
  add_rows(sum.data(), x.data(), D, T, D, pool);
  add_rows(biased.data(), bias.data(), 0, T, D, pool);
  for (int64_t i = 0; i < T * D; i++) CHECK(sum[i] == 2 * x[i] && biased[i] == x[i] + bias[i % D]);
}
