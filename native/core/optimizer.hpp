// AdamW, Adam and SGD over the parameters of an adapter. Not here: learning-rate schedules (src/training/schedule.ts).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lora.hpp"

namespace engram {

struct OptimizerConfig {
  enum class Kind { adamw, adam, sgd } kind = Kind::adamw;
  double learning_rate = 2e-4;
  double rate_b = 1;  // LoRA+ (Hayou et al. 2024, arXiv 2402.12354): B learns this much faster than A
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;   // AdamW: decoupled (Loshchilov & Hutter 2019); Adam and SGD: added to the gradient
  double momentum = 0;       // SGD only
  double max_grad_norm = 1;  // 0: no clipping
};

class Optimizer {
 public:
  // Throws `usage`, also for a rate above 1e6 or one that times the weight decay is above 1.
  explicit Optimizer(const OptimizerConfig& config);

  // One step on every parameter of `lora` with the gradients it holds, in parallel where a pool is given; then clears
  // them. Returns the gradient's norm before clipping. Throws `diverged`, and changes nothing but the gradients, which
  // it clears, if that norm is not finite. Parameters that were finite stay so.
  double step(Lora& lora, double learning_rate, ThreadPool* pool = nullptr);

  // What the next step depends on beside the weights, the gradients and the configuration.
  struct State {
    int64_t steps = 0;
    // Moments, one per parameter tensor, in the order of Lora::parameters(); none before the first step.
    std::vector<std::vector<float>> first, second;
  };
  const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

  int64_t steps() const { return state_.steps; }
  const OptimizerConfig& config() const { return config_; }

 private:
  OptimizerConfig config_;
  State state_;
};

}  // namespace engram
