// LoRA pairs: forward and backward against a reference in double, initial values, what can be configured and what not.
#include "lora.hpp"

#include <set>

#include "check.hpp"
#include "golden.hpp"
#include "random.hpp"

using namespace engram;
using golden::relative_error;
using Doubles = std::vector<double>;
using Floats = std::vector<float>;

namespace {

Floats random(int64_t n, uint64_t seed) {
  Random draw(seed);
  Floats out(static_cast<size_t>(n));
  for (float& x : out) x = static_cast<float>(2 * draw.uniform() - 1);
  return out;
}

Doubles wide(const Floats& x) { return {x.begin(), x.end()}; }

// scale · (x Aᵀ) Bᵀ
Doubles product(const Doubles& x, const Doubles& A, const Doubles& B, double scale, int64_t T, int64_t n_in,
                int64_t n_out, int64_t rank) {
  Doubles y(static_cast<size_t>(T * n_out), 0);
  for (int64_t t = 0; t < T; t++) {
    for (int64_t r = 0; r < rank; r++) {
      double h = 0;
      for (int64_t i = 0; i < n_in; i++) h += x[t * n_in + i] * A[r * n_in + i];
      for (int64_t o = 0; o < n_out; o++) y[t * n_out + o] += scale * h * B[o * rank + r];
    }
  }
  return y;
}

// Central differences of Σ dy · f(x).
template <typename F>
Doubles differences(const F& f, Doubles x, const Floats& dy) {
  constexpr double step = 1e-4;  // f is linear in each of its arguments
  Doubles out(x.size());
  const auto loss = [&] {
    const Doubles y = f(x);
    double sum = 0;
    for (size_t i = 0; i < y.size(); i++) sum += y[i] * static_cast<double>(dy[i]);
    return sum;
  };
  for (size_t i = 0; i < x.size(); i++) {
    const double at = x[i];
    x[i] = at + step;
    out[i] = loss();
    x[i] = at - step;
    out[i] = (out[i] - loss()) / (2 * step);
    x[i] = at;
  }
  return out;
}

std::vector<std::array<Shape, kTargets>> shapes(int layers) {
  std::array<Shape, kTargets> one;
  for (int t = 0; t < kTargets; t++) one[t] = {8 + t, 20 + t};
  return std::vector<std::array<Shape, kTargets>>(static_cast<size_t>(layers), one);
}

Lora make(LoraConfig config, int layers = 4) { return Lora(config, shapes(layers)); }

}  // namespace

TEST(lora_pair_matches_double) {
  ThreadPool pool(2);
  struct Size {
    int64_t T, n_in, n_out, rank;
  };
  for (const auto& [T, n_in, n_out, rank] : {Size{1, 5, 7, 1}, {6, 33, 17, 4}, {19, 20, 40, 3}, {3, 8, 8, 16}}) {
    LoraPair pair;
    pair.n_in = n_in, pair.n_out = n_out, pair.rank = rank, pair.scale = 1.75f;
    pair.A = random(rank * n_in, 1), pair.B = random(n_out * rank, 2);
    const Floats x = random(T * n_in, 3), dy = random(T * n_out, 4), y_before = random(T * n_out, 5);
    const Floats dA_before = random(rank * n_in, 6), dB_before = random(n_out * rank, 7),
                 dx_before = random(T * n_in, 8);
    Floats h(static_cast<size_t>(T * rank)), scratch(h.size()), y = y_before, dx = dx_before;
    pair.dA = dA_before, pair.dB = dB_before;

    pair.forward(x.data(), h.data(), y.data(), T, pool);
    const auto minus = [](Floats a, const Floats& b) {
      for (size_t i = 0; i < a.size(); i++) a[i] -= b[i];
      return a;
    };
    const Doubles wx = wide(x), wA = wide(pair.A), wB = wide(pair.B);
    const auto f = [&](const Doubles& fx, const Doubles& fA, const Doubles& fB) {
      return product(fx, fA, fB, 1.75, T, n_in, n_out, rank);
    };
    CHECK_NEAR(relative_error(minus(y, y_before), f(wx, wA, wB)), 0, 1e-5);

    pair.backward(x.data(), h.data(), dy.data(), dx.data(), scratch.data(), T, pool);
    const auto of_x = [&](const Doubles& at) { return f(at, wA, wB); };
    const auto of_A = [&](const Doubles& at) { return f(wx, at, wB); };
    const auto of_B = [&](const Doubles& at) { return f(wx, wA, at); };
    CHECK_NEAR(relative_error(minus(dx, dx_before), differences(of_x, wx, dy)), 0, 1e-5);
    CHECK_NEAR(relative_error(minus(pair.dA, dA_before), differences(of_A, wA, dy)), 0, 1e-5);
    CHECK_NEAR(relative_error(minus(pair.dB, dB_before), differences(of_B, wB, dy)), 0, 1e-5);

    const Floats dA = pair.dA;
    pair.dA = dA_before, pair.dB = dB_before;
    pair.backward(x.data(), h.data(), dy.data(), nullptr, scratch.data(), T, pool);  // nothing below wants a gradient
    CHECK(pair.dA == dA);
  }
}

TEST(lora_starts_as_peft_does) {
  LoraConfig config;
  config.rank = 64;
  config.alpha = 32;
  const Lora lora = make(config);
  for (int layer = 0; layer < 4; layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = lora.at(layer, static_cast<Target>(t));
      CHECK(pair.active() && pair.n_in == 20 + t && pair.n_out == 8 + t && pair.scale == 0.5f);
      CHECK(pair.A.size() == static_cast<size_t>(64 * pair.n_in) && pair.dA == Floats(pair.A.size(), 0));
      CHECK(pair.B == Floats(static_cast<size_t>(64 * pair.n_out), 0) && pair.dB == pair.B);
      const double bound = 1 / std::sqrt(static_cast<double>(pair.n_in));
      double sum = 0, squares = 0, largest = 0;
      for (const float a : pair.A) {
        sum += a, squares += static_cast<double>(a) * a, largest = std::max<double>(largest, std::abs(a));
      }
      const double n = static_cast<double>(pair.A.size());
      CHECK(largest <= bound && largest > 0.98 * bound);
      CHECK_NEAR(sum / n, 0, 0.1 * bound);
      CHECK_NEAR(squares / n, bound * bound / 3, 0.1 * bound * bound);  // of a uniform distribution
    }
  }
}

TEST(lora_starts_from_its_seed) {
  LoraConfig config;
  config.seed = 5;
  Lora first = make(config), again = make(config);
  config.seed = 6;
  Lora other = make(config);
  std::set<Floats> distinct;
  for (size_t i = 0; i < first.parameters().size(); i += 2) {
    CHECK(*first.parameters()[i].value == *again.parameters()[i].value);
    CHECK(*first.parameters()[i].value != *other.parameters()[i].value);
    distinct.insert(*first.parameters()[i].value);
  }
  CHECK(distinct.size() == first.parameters().size() / 2);
}

TEST(lora_adapts_what_is_asked) {
  LoraConfig config;
  config.targets = {Target::down, Target::q, Target::q};  // any order, twice is once
  config.first_layer = 1;
  config.last_layer = -2;
  Lora lora = make(config);
  CHECK(lora.config().first_layer == 1 && lora.config().last_layer == 2);
  for (int layer = 0; layer < 4; layer++) {
    for (int t = 0; t < kTargets; t++) {
      const bool wanted = layer >= 1 && layer <= 2 && (t == 0 || t == 6);
      CHECK(lora.at(layer, static_cast<Target>(t)).active() == wanted);
    }
  }
  const auto parameters = lora.parameters();
  CHECK(parameters.size() == 8);
  CHECK(parameters[0].value == &lora.at(1, Target::q).A && !parameters[0].is_b);
  CHECK(parameters[1].value == &lora.at(1, Target::q).B && parameters[1].is_b);
  CHECK(parameters[2].value == &lora.at(1, Target::down).A && parameters[6].value == &lora.at(2, Target::down).A);
  lora.at(1, Target::q).dA[3] = 1;
  lora.clear_gradients();
  CHECK(lora.at(1, Target::q).dA[3] == 0);
}

TEST(lora_refuses_what_cannot_be) {
  const auto with = [](auto change) {
    LoraConfig config;
    change(config);
    return config;
  };
  for (const int rank : {0, -1, 1 << 20}) CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.rank = rank; })), "usage");
  for (const double alpha : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.alpha = alpha; })), "usage");
  for (const double dropout : {-0.1, 1.0, static_cast<double>(NAN)})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.dropout = dropout; })), "usage");
  CHECK_THROWS_CODE(make(with([](LoraConfig& c) { c.targets.clear(); })), "usage");
  for (const auto& [first, last] : {std::pair{4, 4}, {0, 4}, {-5, -1}, {3, 1}, {0, -5}})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.first_layer = first, c.last_layer = last; })), "usage");
}
