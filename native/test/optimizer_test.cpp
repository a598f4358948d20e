// Optimizer traces against torch.optim (scripts/golden/optimizers.py), LoRA+ rates, clipping, and what is refused.
#include "optimizer.hpp"

#include <algorithm>
#include <limits>

#include "check.hpp"
#include "golden.hpp"
#include "random.hpp"

using namespace engram;
using golden::relative_error;
using golden::tensor_name;

namespace {

constexpr int kQ = static_cast<int>(Target::q), kDown = static_cast<int>(Target::down);

// One layer with pairs q [21, 37] and down [50, 5], as in the script.
Lora make_lora(const golden::Values& values) {
  std::array<Shape, kTargets> shapes;
  shapes.fill({1, 1});
  shapes[kQ] = {21, 37};
  shapes[kDown] = {50, 5};
  LoraConfig config;
  config.rank = static_cast<int>(values.number("rank"));
  config.targets = {Target::q, Target::down};
  Lora lora(config, {shapes});
  for (const int t : {kQ, kDown}) {
    lora.at(0, static_cast<Target>(t)).A =
        values[std::string("initial.") + target_gguf_name(static_cast<Target>(t)) + ".lora_a"];
    lora.at(0, static_cast<Target>(t)).B =
        values[std::string("initial.") + target_gguf_name(static_cast<Target>(t)) + ".lora_b"];
  }
  return lora;
}

void set_gradients(Lora& lora, const golden::Values& values, int step) {
  for (const int t : {kQ, kDown}) {
    lora.at(0, static_cast<Target>(t)).dA = values[tensor_name("gradient", step, t, 'a')];
    lora.at(0, static_cast<Target>(t)).dB = values[tensor_name("gradient", step, t, 'b')];
  }
}

OptimizerConfig config_of(const golden::Values& values, const std::string& name) {
  OptimizerConfig c;
  c.kind = name == "adamw"  ? OptimizerConfig::Kind::adamw
           : name == "adam" ? OptimizerConfig::Kind::adam
                            : OptimizerConfig::Kind::sgd;
  c.learning_rate = values.number(name + ".learning_rate");
  c.rate_b = values.number(name + ".rate_b");
  c.weight_decay = values.number(name + ".weight_decay");
  c.momentum = values.number(name + ".momentum");
  c.beta1 = values.number(name + ".beta1");
  c.beta2 = values.number(name + ".beta2");
  c.epsilon = values.number(name + ".epsilon");
  c.max_grad_norm = 1;
  return c;
}

std::vector<std::vector<float>> weights_of(Lora& lora) {
  std::vector<std::vector<float>> out;
  for (const Lora::Parameter& p : lora.parameters()) out.push_back(*p.value);
  return out;
}

}  // namespace

TEST(optimizers_match_torch) {
  const golden::Values values("optimizers");
  for (const std::string name : {"adamw", "adam", "sgd"}) {
    Lora lora = make_lora(values);
    Optimizer optimizer(config_of(values, name));
    const std::vector<float> norms = values[name + ".norms"];
    for (int step = 0; step < static_cast<int>(values.number("steps")); step++) {
      set_gradients(lora, values, step);
      const double norm = optimizer.step(lora, optimizer.config().learning_rate);
      CHECK_NEAR(norm / norms[step], 1, 1e-6);
      CHECK(optimizer.steps() == step + 1);
      for (const int t : {kQ, kDown}) {
        const LoraPair& pair = lora.at(0, static_cast<Target>(t));
        CHECK_NEAR(relative_error(pair.A, values[tensor_name(name, step, t, 'a')]), 0, 1e-6);
        CHECK_NEAR(relative_error(pair.B, values[tensor_name(name, step, t, 'b')]), 0, 1e-6);
        CHECK(pair.dA == std::vector<float>(pair.dA.size(), 0) && pair.dB == std::vector<float>(pair.dB.size(), 0));
      }
    }
  }
}

TEST(optimizer_without_clipping_takes_the_whole_gradient) {
  const golden::Values values("optimizers");
  OptimizerConfig config;
  config.kind = OptimizerConfig::Kind::sgd;
  config.max_grad_norm = 0;
  Lora lora = make_lora(values);
  const float before = lora.at(0, Target::q).A[0];
  set_gradients(lora, values, 0);
  lora.at(0, Target::q).dA[0] = 1000;
  Optimizer(config).step(lora, 0.5);
  CHECK(lora.at(0, Target::q).A[0] == before - 500);
}

TEST(optimizer_with_rate_zero_changes_nothing) {  // the first step of a warm-up
  const golden::Values values("optimizers");
  for (const std::string name : {"adamw", "adam", "sgd"}) {
    Lora lora = make_lora(values);
    const auto before = weights_of(lora);
    set_gradients(lora, values, 0);
    Optimizer(config_of(values, name)).step(lora, 0);
    CHECK(weights_of(lora) == before);
  }
}

TEST(optimizer_stops_at_what_is_no_number) {
  const golden::Values values("optimizers");
  for (const std::string name : {"adamw", "adam", "sgd"}) {
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      Lora lora = make_lora(values), healthy = make_lora(values);
      Optimizer optimizer(config_of(values, name)), other(config_of(values, name));
      set_gradients(lora, values, 0), set_gradients(healthy, values, 0);
      optimizer.step(lora, 0.01), other.step(healthy, 0.01);

      set_gradients(lora, values, 1);
      lora.at(0, Target::down).dB[149] = bad;  // the last value of the last parameter
      const auto before = weights_of(lora);
      CHECK_THROWS_CODE(optimizer.step(lora, 0.01), "diverged");
      CHECK(weights_of(lora) == before);
      CHECK(optimizer.steps() == 1);

      // It goes on as if the bad step had not been.
      set_gradients(lora, values, 2), set_gradients(healthy, values, 2);
      optimizer.step(lora, 0.01), other.step(healthy, 0.01);
      CHECK(weights_of(lora) == weights_of(healthy));
    }
  }
}

TEST(optimizer_keeps_parameters_finite_whatever_comes) {
  const golden::Values values("optimizers");
  Random random(1);
  const auto power = [&](double low, double high) { return std::pow(10, low + random.uniform() * (high - low)); };
  int steps = 0;
  for (int run = 0; run < 60; run++) {
    OptimizerConfig config;
    config.kind = static_cast<OptimizerConfig::Kind>(run % 3);
    config.learning_rate = power(-3, 6);
    config.weight_decay = run % 2 ? 0 : std::min(1e6, 1 / config.learning_rate);
    config.epsilon = run % 4 ? 1e-8 : 1e-30;
    config.beta1 = run % 5 ? 0.9 : 0.999999;
    config.beta2 = run % 7 ? 0.999 : 0;
    config.momentum = run % 5 ? 0.9 : 0.999999;
    config.max_grad_norm = run % 2;
    Lora lora = make_lora(values);
    Optimizer optimizer(config);
    for (int step = 0; step < 50; step++) {
      const double largest = run % 3 ? power(-40, 20) : 1e18;
      for (const Lora::Parameter& p : lora.parameters()) {
        for (float& g : *p.gradient) g = static_cast<float>((2 * random.uniform() - 1) * largest);
      }
      const auto before = weights_of(lora);
      try {
        optimizer.step(lora, config.learning_rate);
        steps++;
      } catch (const Error& error) {
        CHECK(error.code == "diverged" && weights_of(lora) == before);
      }
      for (const std::vector<float>& weights : weights_of(lora)) {
        CHECK(std::all_of(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); }));
      }
    }
  }
  CHECK(steps > 2000);
}

TEST(optimizer_refuses_what_cannot_be) {
  const double nan = NAN, infinite = INFINITY;
  const auto refuses = [](auto change) {
    OptimizerConfig config;
    change(config);
    CHECK_THROWS_CODE(Optimizer(config), "usage");
  };
  for (const double rate : {0.0, -1.0, nan, infinite}) {
    refuses([&](OptimizerConfig& c) { c.learning_rate = rate; });
    refuses([&](OptimizerConfig& c) { c.rate_b = rate; });
  }
  for (const double beta : {-0.1, 1.0, nan}) {
    refuses([&](OptimizerConfig& c) { c.beta1 = beta; });
    refuses([&](OptimizerConfig& c) { c.beta2 = beta; });
    refuses([&](OptimizerConfig& c) { c.momentum = beta; });
  }
  for (const double value : {-1.0, nan, infinite}) {
    refuses([&](OptimizerConfig& c) { c.epsilon = value; });
    refuses([&](OptimizerConfig& c) { c.weight_decay = value; });
    refuses([&](OptimizerConfig& c) { c.max_grad_norm = value; });
  }
  for (const double value : {0.0, 1e-300}) refuses([&](OptimizerConfig& c) { c.epsilon = value; });
  refuses([&](OptimizerConfig& c) { c.learning_rate = 1e7; });
  refuses([&](OptimizerConfig& c) { c.rate_b = 1e300; });
  refuses([&](OptimizerConfig& c) { c.weight_decay = 1e300; });
  refuses([&](OptimizerConfig& c) { c.learning_rate = 0.1, c.weight_decay = 11; });
  const golden::Values values("optimizers");
  Lora lora = make_lora(values);
  Optimizer optimizer{OptimizerConfig{}};
  for (const double rate : {-1.0, nan, infinite, 1e7}) CHECK_THROWS_CODE(optimizer.step(lora, rate), "usage");
}
