// The last norm, the head and the losses at some rows, a chunk of rows at a time: the logits of a whole batch, V floats
// a row, would take more memory than all the rest. Not here: the loss of one row (ops/), and which rows have one
// (batch.hpp).
//
// Sizes: n rows, D model width, V vocabulary.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "aligned.hpp"
#include "batch.hpp"
#include "model.hpp"
#include "threads.hpp"
#include "trainer.hpp"

namespace engram {

class LossHead {
 public:
  static constexpr int64_t kRows = 128;  // whose logits are held at once

  LossHead(const Model& model, ThreadPool& pool, const std::atomic<bool>& cancelled)
      : model_(model), pool_(pool), cancelled_(cancelled) {}

  // Losses of the final hidden states [n, D], one for each of `rows`, added to `out`; with `gradient` [n, D], also
  // their gradient. Throws `cancelled`.
  void losses(const float* hidden, const std::vector<LossRow>& rows, BatchLoss& out, float* gradient);
  // What the model says after each of n rows: the likeliest tokens with their probabilities.
  std::vector<Distribution> distributions(const float* hidden, int64_t n);
  // The log-probabilities of some tokens after each of n rows, [n, tokens]; NaN where there are none. Throws
  // `cancelled`.
  std::vector<float> log_probabilities(const float* hidden, int64_t n, const std::vector<int32_t>& tokens);
  // out [n, V]
  void logits(const float* hidden, int64_t n, float* out);

  // Floating-point operations of matrix products done so far.
  double flop() const { return flop_; }

 private:
  void forward(const float* hidden, int64_t n);
  int64_t D() const { return model_.config.d_model; }
  int64_t V() const { return model_.config.n_vocab; }

  const Model& model_;
  ThreadPool& pool_;
  const std::atomic<bool>& cancelled_;
  Floats norm_, rstd_, logits_;  // of the last forward(): [n, D], [n], [n, V]
  double flop_ = 0;
};

}  // namespace engram
