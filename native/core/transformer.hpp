// The forward and backward pass of a frozen Llama-shaped transformer with LoRA pairs. A batch is a list of sequences
// laid end to end without padding; what all of them begin with is computed once. Not here: losses and the optimizer
// (trainer.cpp).
//
// Sizes: T rows (tokens) of the batch, D model width, Q = heads · head size, K = key/value heads · head size, F width
// of the feed-forward layer, r LoRA rank.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "lora.hpp"
#include "model.hpp"
#include "ops/ops.hpp"

namespace engram {

// Sequences laid end to end.
struct Rows {
  std::vector<int32_t> tokens, positions;  // [T]
  std::vector<Segment> segments;
  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
};

// A mask for the inputs of A that can be made again at any time.
struct Dropout {
  double share = 0;
  uint64_t seed = 0;  // differs from step to step
};

class Transformer {
 public:
  // `lora` may be null: then only run() is of use, and gives the base model's hidden states.
  Transformer(const Model& model, Lora* lora, ThreadPool& pool, const std::atomic<bool>& cancelled)
      : model_(model), lora_(lora), pool_(pool), cancelled_(cancelled) {}

  // x [T, D]: the embedding of each token.
  void embed(const Rows& rows, float* x);
  // Runs layers [first, last) on x [T, D] in place, with the adapter if `adapted`. Keeps nothing.
  void run(const Rows& rows, int64_t first, int64_t last, float* x, bool adapted, const Dropout& dropout = {});
  // The same for [first, n_layers) with the adapter, keeping what backward() needs.
  void forward(const Rows& rows, int64_t first, float* x, const Dropout& dropout);
  // dx [T, D] is the gradient of forward()'s result; adds to the gradients of the adapter. dx is overwritten; the
  // gradient of the input of layer `first` is not computed.
  void backward(const Rows& rows, int64_t first, float* dx, const Dropout& dropout);

  // Floating-point operations of matrix products done so far.
  double flop() const { return flop_; }

 private:
  // What one layer keeps of its forward pass. Norms and SwiGLU are cheap and computed again.
  struct Kept {
    std::vector<float> x, rstd1, q, k, v, o, lse, mid, rstd2, gate, up;
    std::array<std::vector<float>, kTargets> h;  // x Aᵀ of each pair [T, r]
  };

  void layer_forward(const Rows& rows, int64_t layer, float* x, bool adapted, const Dropout& dropout, Kept& kept);
  void layer_backward(const Rows& rows, int64_t layer, float* dx, bool needs_dx, const Dropout& dropout, Kept& kept);
  void project(int64_t layer, Target target, const float* x, float* y, int64_t T, bool accumulate, bool adapted,
               const Dropout& dropout, Kept& kept);
  void project_backward(int64_t layer, Target target, const float* x, const float* dy, float* dx, int64_t T,
                        const Dropout& dropout, Kept& kept);
  void check_cancelled() const;

  const Model& model_;
  Lora* lora_;
  ThreadPool& pool_;
  const std::atomic<bool>& cancelled_;
  RopeTable rope_;
  std::vector<Kept> kept_;
  Kept scratch_;                                         // for layers that keep nothing
  std::vector<float> norm_, act_, dnorm_, dmid_, wide_;  // [T, max width]
  std::vector<float> dq_, dk_, dv_, dh_, dropped_;
  double flop_ = 0;
};

}  // namespace engram
