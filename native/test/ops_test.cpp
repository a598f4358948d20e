// Norm and losses against a plain reference in double: values directly, gradients against central differences of that
// reference. The inner loops of vector.hpp are checked for every instruction set of this CPU. Attention, rotary
// embedding and activations have files of their own.
#include "ops/ops.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "check.hpp"
#include "cpu.hpp"
#include "golden.hpp"
#include "ops/vector.hpp"
#include "reference.hpp"

using namespace engram;
using namespace reference;
using golden::relative_error;

namespace {

std::vector<std::pair<const char*, const vec::Table*>> tables() {
  std::vector<std::pair<const char*, const vec::Table*>> out = {{"portable", &vec::portable}};
#if defined(__x86_64__) || defined(_M_X64)
  if (isa_available(Isa::avx2)) out.push_back({"avx2", &vec::avx2});
  if (isa_available(Isa::avx512)) out.push_back({"avx512", &vec::avx512});
#endif
  return out;
}

Doubles rmsnorm(const Doubles& x, const Floats& w, double eps, int64_t T, int64_t D) {
  Doubles y(x.size());
  for (int64_t t = 0; t < T; t++) {
    double mean = 0;
    for (int64_t d = 0; d < D; d++) mean += x[t * D + d] * x[t * D + d] / static_cast<double>(D);
    for (int64_t d = 0; d < D; d++) y[t * D + d] = x[t * D + d] / std::sqrt(mean + eps) * static_cast<double>(w[d]);
  }
  return y;
}

Doubles softmax(const Doubles& logits) {
  const double max = *std::max_element(logits.begin(), logits.end());
  Doubles p(logits.size());
  double total = 0;
  for (size_t i = 0; i < p.size(); i++) total += p[i] = std::exp(logits[i] - max);
  for (double& x : p) x /= total;
  return p;
}

// KL(base ‖ softmax(logits)), the tokens that base does not name taken together.
double divergence(const Distribution& base, const Doubles& logits) {
  const Doubles q = softmax(logits);
  double kl = 0, named = 0;
  for (size_t i = 0; i < base.ids.size(); i++) {
    kl += static_cast<double>(base.probabilities[i]) * std::log(base.probabilities[i] / q[base.ids[i]]);
    named += q[base.ids[i]];
  }
  return base.rest > 0 ? kl + base.rest * std::log(base.rest / (1 - named)) : kl;
}

}  // namespace

TEST(ops_rmsnorm) {
  ThreadPool pool(2);
  for (const int64_t D : {5, 16, 75}) {
    const int64_t T = 11;
    const float eps = 1e-3f;
    const Floats x = random(T * D, 1), w = random(D, 2), dy = random(T * D, 3), before = random(T * D, 4);
    Floats y(x.size()), rstd(static_cast<size_t>(T)), dx = before;
    rmsnorm_forward(y.data(), rstd.data(), x.data(), w.data(), eps, T, D, pool);
    CHECK_NEAR(relative_error(y, rmsnorm(wide(x), w, eps, T, D)), 0, kTolerance);

    rmsnorm_backward(dx.data(), x.data(), w.data(), rstd.data(), dy.data(), T, D, pool);
    for (size_t i = 0; i < dx.size(); i++) dx[i] -= before[i];  // it adds
    const auto loss = [&](const Doubles& at) { return dot(rmsnorm(at, w, eps, T, D), dy); };
    CHECK_NEAR(relative_error(dx, differences(loss, wide(x))), 0, kTolerance);
  }
}

TEST(ops_cross_entropy) {
  for (const int64_t V : {7, 16, 133}) {
    const Floats logits = random(V, 1, 5);
    const int32_t target = static_cast<int32_t>(V / 2);
    const auto loss = [&](const Doubles& at) { return -1.5 * std::log(softmax(at)[target]); };
    Floats gradient = logits;
    const RowLoss got = loss_row(gradient.data(), V, target, 1.5f, nullptr, 3);  // no base: the KL weight is idle
    CHECK_NEAR(1.5 * got.cross_entropy, loss(wide(logits)), 1e-5);
    CHECK(got.kl == 0);
    CHECK(got.correct == (std::max_element(logits.begin(), logits.end()) - logits.begin() == target));
    CHECK_NEAR(relative_error(gradient, differences(loss, wide(logits))), 0, kTolerance);
  }
}

TEST(ops_kl) {
  for (const int64_t V : {9, 64, 133}) {
    for (const int64_t k : {int64_t{4}, V}) {  // only the likeliest four by name; the whole distribution
      const Floats base_logits = random(V, 1, 3), logits = random(V, 2, 3);
      Floats scratch = base_logits;
      const Distribution base = distribution_of(scratch.data(), V, k);
      const Doubles p = softmax(wide(base_logits));
      CHECK(static_cast<int64_t>(base.ids.size()) == k);
      double named = 0;
      for (size_t i = 0; i < base.ids.size(); i++) {
        CHECK_NEAR(base.probabilities[i], p[base.ids[i]], 1e-6);
        named += p[base.ids[i]];
      }
      CHECK_NEAR(base.rest, 1 - named, 1e-6);
      Doubles sorted = p;
      std::sort(sorted.rbegin(), sorted.rend());
      CHECK_NEAR(named, std::accumulate(sorted.begin(), sorted.begin() + k, 0.0), 1e-6);  // the likeliest

      const int32_t target = base.ids[1];
      const auto kl_only = [&](const Doubles& at) { return 0.7 * divergence(base, at); };
      const auto both = [&](const Doubles& at) { return kl_only(at) - 2 * std::log(softmax(at)[target]); };
      Floats gradient = logits;
      const RowLoss got = loss_row(gradient.data(), V, -1, 5, &base, 0.7f);
      CHECK_NEAR(0.7 * got.kl, kl_only(wide(logits)), 1e-5);
      CHECK(got.cross_entropy == 0 && !got.correct);
      CHECK_NEAR(relative_error(gradient, differences(kl_only, wide(logits))), 0, kTolerance);

      gradient = logits;
      const RowLoss sum = loss_row(gradient.data(), V, target, 2, &base, 0.7f);
      CHECK_NEAR(0.7 * sum.kl + 2 * sum.cross_entropy, both(wide(logits)), 1e-5);
      CHECK_NEAR(relative_error(gradient, differences(both, wide(logits))), 0, kTolerance);
    }
  }
}

TEST(ops_kl_of_the_base_itself_is_nothing) {
  const int64_t V = 300;
  const Floats logits = random(V, 1, 4);
  for (const int64_t k : {int64_t{20}, V}) {
    Floats scratch = logits, gradient = logits;
    const Distribution base = distribution_of(scratch.data(), V, k);
    const RowLoss got = loss_row(gradient.data(), V, -1, 0, &base, 1);
    CHECK_NEAR(got.kl, 0, 1e-6);
    for (const float g : gradient) CHECK_NEAR(g, 0, 1e-6);
  }
}

TEST(ops_are_the_same_for_any_number_of_threads) {
  const int64_t T = 100, H = 4, G = 2, S = 6, D = 50;
  const std::vector<Segment> segments = {{0, 10, 0}, {10, 20, 10}, {30, 70, 10}};
  const AttentionKind kind{0.4f};
  const Floats qkv = random(T * (H + 2 * G) * S, 1), d_o = random(T * H * S, 4);
  const Floats x = random(T * D, 5), w = random(D, 6), dy = random(T * D, 7);
  std::vector<Floats> results[3];
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    Floats o(d_o.size()), lse(static_cast<size_t>(H * T)), dqkv(qkv.size());
    attention_forward(o.data(), lse.data(), qkv.data(), kind, segments, T, H, G, S, pool);
    std::vector<float> shares(static_cast<size_t>(attention_shares(segments, T, H, S)));
    attention_backward(dqkv.data(), qkv.data(), o.data(), lse.data(), d_o.data(), kind, segments, T, H, G, S,
                       shares.data(), pool);
    Floats y(x.size()), rstd(static_cast<size_t>(T)), dx(x.size());
    rmsnorm_forward(y.data(), rstd.data(), x.data(), w.data(), 1e-5f, T, D, pool);
    rmsnorm_backward(dx.data(), x.data(), w.data(), rstd.data(), dy.data(), T, D, pool);
    results[threads - 1] = {o, lse, dqkv, y, dx};
  }
  CHECK(results[0] == results[1] && results[0] == results[2]);
}

TEST(vector_loops_match_double) {
  for (const auto& [name, table] : tables()) {
    for (const int64_t n : {1, 3, 15, 16, 17, 31, 32, 33, 47, 100, 4100, 5000}) {
      const Floats a = random(n, 1, 3), b = random(n, 2, 3), c = random(n, 3);
      double product = 0, squares = 0, exponentials = 0;
      Doubles exp_of(a.size());
      for (size_t i = 0; i < a.size(); i++) {
        product += static_cast<double>(a[i]) * static_cast<double>(b[i]);
        squares += static_cast<double>(a[i]) * static_cast<double>(a[i]);
        exponentials += exp_of[i] = std::exp(static_cast<double>(a[i]) - 0.5);
      }
      const double bound = 1e-6 * static_cast<double>(n);
      CHECK_NEAR(table->dot(a.data(), b.data(), n), product, 10 * bound);
      CHECK_NEAR(table->sum_squares(a.data(), n), squares, 10 * bound);
      CHECK(table->max(a.data(), n) == *std::max_element(a.begin(), a.end()));

      const auto map = [&](auto&& vectorised, auto&& plain) {
        Floats got = c;
        Doubles expected(c.size());
        for (size_t i = 0; i < c.size(); i++) expected[i] = plain(i);
        vectorised(got.data());
        CHECK_NEAR(relative_error(got, expected), 0, 2e-6);
      };
      Floats exponential = a;
      CHECK_NEAR(table->exp_sum(exponential.data(), 0.5f, n), exponentials, 1e-6 * exponentials);
      CHECK_NEAR(relative_error(exponential, exp_of), 0, 1e-6);
      map([&](float* y) { table->scale(y, 1.7f, n); }, [&](size_t i) { return 1.7 * c[i]; });
      map([&](float* y) { table->add(y, a.data(), n); }, [&](size_t i) { return double{c[i]} + a[i]; });
      map([&](float* y) { table->mul_scale(y, a.data(), b.data(), 0.3f, n); },
          [&](size_t i) { return 0.3 * a[i] * b[i]; });
      map([&](float* y) { table->rmsnorm_dx(y, a.data(), b.data(), c.data(), 0.5f, 0.2f, n); },
          [&](size_t i) { return c[i] + 0.5 * (double{c[i]} * b[i] - 0.2 * a[i]); });
      map([&](float* y) { table->softmax_backward(y, a.data(), b.data(), 0.4f, 0.6f, n); },
          [&](size_t i) { return a[i] * (double{b[i]} - 0.4) * 0.6; });
      map(
          [&](float* y) {
            std::copy(a.begin(), a.end(), y);
            table->soft_cap(y, 0.8f, n);
          },
          [&](size_t i) { return 0.8 * std::tanh(a[i] / 0.8); });
      map([&](float* y) { table->geglu(y, a.data(), b.data(), n); },
          [&](size_t i) {
            const double g = a[i];
            return 0.5 * g * (1 + std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g))) * b[i];
          });
      map([&](float* y) { table->swiglu(y, a.data(), b.data(), n); },
          [&](size_t i) { return a[i] / (1 + std::exp(-double{a[i]})) * b[i]; });
    }
  }
}

TEST(vector_exp_over_its_whole_range) {
  for (const auto& [name, table] : tables()) {
    for (double x = -87; x < 88; x += 0.37) {
      Floats values(17, static_cast<float>(x));
      table->exp_sum(values.data(), 0, 17);
      const double expected = std::exp(static_cast<double>(static_cast<float>(x)));
      CHECK_NEAR(values[0] / expected, 1, 4e-7);
      CHECK(values[16] == values[0]);  // the rest of a vector is computed alike
    }
    Floats values = {-1e30f, -INFINITY, -200, 0};
    table->exp_sum(values.data(), 0, 4);
    CHECK(values[0] < 1e-37f && values[1] < 1e-37f && values[2] < 1e-37f && values[3] == 1);
  }
}

TEST(vector_exp_keeps_what_is_no_number) {
  for (const auto& [name, table] : tables()) {
    for (const int64_t n : {3, 16, 20}) {
      Floats values(static_cast<size_t>(n), 1.0f);
      values[1] = NAN;
      CHECK(std::isnan(table->exp_sum(values.data(), 0, n)));
      CHECK(std::isnan(values[1]) && std::isfinite(values[0]));
    }
  }
}
