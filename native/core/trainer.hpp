// The training step: examples in, gradients and an optimizer step out. One Trainer owns one adapter over a shared
// frozen Model. Not here: epochs, schedules, data order and stop rules (src/training), Node (native/binding).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "adapter_file.hpp"
#include "lora.hpp"
#include "model.hpp"
#include "optimizer.hpp"

namespace engram {

class Cores;

struct Example {
  std::vector<int32_t> tokens;    // [n]
  std::vector<float> weights;     // [n] loss weight of token i as a target; weights[0] is not used
  std::vector<float> kl_weights;  // [n] or empty: weight of KL(base ‖ adapted) on the prediction of token i
  // The adapter works from this token on; those before it are read by the base model, which is done once and costs
  // later passes nothing. No token up to it can have a weight.
  int64_t adapted_from = 0;
};

// One to say what follows it. `adapted_from` as in an Example, and below the number of tokens.
struct Sequence {
  std::vector<int32_t> tokens;  // [n]
  int64_t adapted_from = 0;
};

// loss = Σ scale · Σ weights·CE + kl_scale · Σ kl_weights·KL
struct BatchItem {
  int64_t example;
  float scale = 1;
  float kl_scale = 1;
};

struct ExampleLoss {
  double sum_loss = 0, sum_weights = 0;  // Σ weights·CE, Σ weights (unscaled)
  double sum_kl = 0, sum_kl_weights = 0;
  double max_loss = 0;              // largest CE of a token with a weight
  int64_t tokens = 0, correct = 0;  // tokens with a weight; those that the model ranks first
};

struct BatchLoss {
  std::vector<ExampleLoss> examples;
  int64_t computed_tokens = 0;
  double flop = 0;
};

struct UpdateResult {
  double grad_norm;
  int64_t step;
};

class Trainer {
 public:
  // Throws `usage` for options that cannot be (rank < 1, a rate that is NaN or not positive, no such layer …).
  // `memory_limit` in bytes, for the model, the adapter and all work space together; 0: none. A batch that would take
  // more has fewer layers keep their activations, which are then computed twice. `cores`: whom it gives way to, or
  // null.
  Trainer(std::shared_ptr<const Model> model, const LoraConfig& lora, const OptimizerConfig& optimizer, int threads,
          int64_t memory_limit = 0, std::shared_ptr<Cores> cores = nullptr);
  ~Trainer();

  // Throws `empty` (fewer than two tokens), `usage` (a token outside the vocabulary, lengths that differ, bad weights,
  // a weight where nothing is adapted),
  // `too_long` (longer than the model's context).
  int64_t add(Example example);

  // Throws `memory` for a batch that does not fit into the limit, `cancelled`, `diverged`. `stop`, here and below, is
  // looked at once, after cancel() has begun to have an effect: whoever sets it and then calls cancel() is not missed,
  // however early that is. It may be null.
  BatchLoss backward(const std::vector<BatchItem>& batch, const std::atomic<bool>* stop = nullptr);
  BatchLoss evaluate(const std::vector<BatchItem>& batch, const std::atomic<bool>* stop = nullptr);
  // learning_rate < 0 (but not NaN) means the configured one. Throws `diverged`, and only clears the gradients, if
  // they are not finite.
  UpdateResult update(double learning_rate = -1);
  // The log-probabilities of `among`, over the whole vocabulary, as the token that follows each sequence: [sequences,
  // among]. Keeps nothing but what the base model made of the tokens before `adapted_from`, and of that what was used
  // last. Throws as add(), and `cancelled`, `diverged`.
  std::vector<float> choices(std::vector<Sequence> sequences, const std::vector<int32_t>& among,
                             const std::atomic<bool>* stop = nullptr);
  // [tokens, vocabulary]
  std::vector<float> logits(const std::vector<int32_t>& tokens, const std::atomic<bool>* stop = nullptr);

  // GGUF adapter as llama.cpp loads it; temporary file, fsync, rename. F16 is half as large, and no longer to the bit
  // what was trained.
  void save(const std::string& path, AdapterType type = AdapterType::f32) const;
  void load(const std::string& path);

  // What goes on from here beside the adapter (see checkpoint.hpp), as it was after the last update: with save() and
  // load() a training continues bit for bit. load_state() belongs after load(), and throws as read_training_state().
  void save_state(const std::string& path) const;
  void load_state(const std::string& path);
  // Forgets the passes since the last update, their gradients and dropout masks.
  void discard();

  // May be called from any thread: the call that runs throws `cancelled` soon (within a layer); gradients are then
  // cleared.
  void cancel();

  const Lora& lora() const;
  Lora& lora();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace engram
