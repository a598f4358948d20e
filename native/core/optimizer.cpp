// AdamW, Adam and SGD (see optimizer.hpp); the same formulas and order of operations as torch.optim.
#include "optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "error.hpp"
#include "ops/vector.hpp"

namespace engram {
namespace {

// Within these no step makes a parameter that is not finite, so that none has to be undone: values of a gradient whose
// norm is finite are below 2e19, Adam moves a parameter by 1e10 rates at most, and decay cannot push it past zero.
constexpr double kMostRate = 1e6, kLeastEpsilon = 1e-30;

void check(bool ok, const char* what) {
  if (!ok) throw Error("usage", std::string(what) + ".");
}
bool finite_from(double x, double low) { return std::isfinite(x) && x >= low; }

void check_rate(const OptimizerConfig& c, double learning_rate) {
  const double fastest = learning_rate * std::max(1.0, c.rate_b);
  check(fastest <= kMostRate, "The learning rate must be at most 1e6, for B too");
  check(fastest * c.weight_decay <= 1, "The learning rate times the weight decay must be at most 1");
}

}  // namespace

Optimizer::Optimizer(const OptimizerConfig& c) : config_(c) {
  check(std::isfinite(c.learning_rate) && c.learning_rate > 0, "The learning rate must be a number above 0");
  check(std::isfinite(c.rate_b) && c.rate_b > 0, "rateB must be a number above 0");
  check(c.beta1 >= 0 && c.beta1 < 1 && c.beta2 >= 0 && c.beta2 < 1, "beta1 and beta2 must be at least 0 and below 1");
  check(finite_from(c.epsilon, kLeastEpsilon),
        "epsilon must be a number from 1e-30");  // else 0 / 0 where nothing flows
  check(finite_from(c.weight_decay, 0) && c.weight_decay <= kMostRate, "The weight decay must be from 0 to 1e6");
  check(c.momentum >= 0 && c.momentum < 1, "The momentum must be at least 0 and below 1");
  check(finite_from(c.max_grad_norm, 0), "maxGradNorm must be a number from 0");
  check_rate(c, c.learning_rate);
}

double Optimizer::step(Lora& lora, double learning_rate, ThreadPool* pool) {
  check(std::isfinite(learning_rate) && learning_rate >= 0, "The learning rate must be a number from 0");
  check_rate(config_, learning_rate);
  const vec::Table& vec = vec::table();
  const std::vector<Lora::Parameter> parameters = lora.parameters();

  const auto for_each = [&](const std::function<void(int64_t)>& body) {
    const int64_t n = static_cast<int64_t>(parameters.size());
    if (pool) return pool->parallel_for(n, body);
    for (int64_t i = 0; i < n; i++) body(i);
  };

  std::vector<double> sums(parameters.size());
  for_each([&](int64_t i) {
    sums[i] = vec.sum_squares(parameters[i].gradient->data(), static_cast<int64_t>(parameters[i].gradient->size()));
  });
  const double squares = std::accumulate(sums.begin(), sums.end(), 0.0);
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) {
    lora.clear_gradients();  // or every later sum would be as bad
    throw Error("diverged", "The gradient of step " + std::to_string(state_.steps + 1) + " is not a finite number.",
                "Lower the learning rate.");
  }

  if (state_.first.empty()) {
    const bool adaptive = config_.kind != OptimizerConfig::Kind::sgd;
    std::vector<std::vector<float>> first, second;  // all of them or, where memory runs out, none
    for (const Lora::Parameter& p : parameters) {
      first.emplace_back(p.value->size(), 0.0f);
      second.emplace_back(adaptive ? p.value->size() : 0, 0.0f);
    }
    state_.first = std::move(first);
    state_.second = std::move(second);
  }
  state_.steps++;
  const double clip =
      config_.max_grad_norm > 0 && norm > config_.max_grad_norm ? config_.max_grad_norm / (norm + 1e-6) : 1;
  for_each([&](int64_t i) {
    const Lora::Parameter& p = parameters[i];
    const double rate = p.is_b ? learning_rate * config_.rate_b : learning_rate;
    const int64_t n = static_cast<int64_t>(p.value->size());
    float* value = p.value->data();
    float* gradient = p.gradient->data();
    float* m = state_.first[i].data();
    if (config_.kind == OptimizerConfig::Kind::sgd) {
      for (int64_t j = 0; j < n; j++) {
        const float g = static_cast<float>(gradient[j] * clip + config_.weight_decay * value[j]);
        m[j] = state_.steps == 1 ? g : static_cast<float>(config_.momentum) * m[j] + g;
        value[j] -= static_cast<float>(rate) * m[j];
      }
    } else {
      const bool decoupled = config_.kind == OptimizerConfig::Kind::adamw;
      vec::AdamStep step;
      step.learning_rate = static_cast<float>(rate);
      step.beta1 = static_cast<float>(config_.beta1);
      step.beta2 = static_cast<float>(config_.beta2);
      step.epsilon = static_cast<float>(config_.epsilon);
      step.correction1 = static_cast<float>(1 / (1 - std::pow(config_.beta1, static_cast<double>(state_.steps))));
      step.correction2 = static_cast<float>(1 / (1 - std::pow(config_.beta2, static_cast<double>(state_.steps))));
      step.decay = decoupled ? static_cast<float>(1 - rate * config_.weight_decay) : 1;
      step.l2 = decoupled ? 0 : static_cast<float>(config_.weight_decay);
      step.clip = static_cast<float>(clip);
      vec.adam(value, gradient, m, state_.second[i].data(), step, n);
    }
    std::fill_n(gradient, n, 0.0f);
  });
  return norm;
}

}  // namespace engram
