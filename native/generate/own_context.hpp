// A context that the kernels of the training step compute: forward passes over packed weights, keys and values in
// memory of our own, adapters as the training has them. Not here: llama.cpp, which is asked once whether these are its
// weights, and from then on only samples.
#pragma once

#include <optional>

#include "../core/loss_head.hpp"
#include "../core/threads.hpp"
#include "../core/transformer.hpp"
#include "context.hpp"

namespace engram {

class OwnContext : public Context {
 public:
  // Whether it is worth it: a token by itself costs reading all weights, and llama.cpp has half as many bytes of them
  // to read but takes several times as many instructions for each. So few threads are faster with ours, and many, it is
  // expected, with its.
  static bool suits(const LanguageModel& model, const ContextOptions& options, const Model& weights);

  OwnContext(std::shared_ptr<const LanguageModel> model, const ContextOptions& options,
             std::shared_ptr<const Model> weights, const std::atomic<bool>& stop);

  // What these weights say after a few tokens is what llama.cpp says, but for rounding: they are of the same model. All
  // lanes must be empty. Throws `memory`.
  bool agrees_with_llama();

  Computes computes() const override { return Computes::own; }
  void use(std::vector<AdapterUse> adapters) override;
  void set_threads(int threads) override { pool_.use(threads); }
  bool decode(std::span<const Feed> feeds, double patience_ms = std::numeric_limits<double>::infinity(),
              const std::vector<AdapterUse>* adapters = nullptr) override;
  std::span<const float> logits(int index) override;

 protected:
  bool cut(int lane, size_t count) override;
  void forget(int lane) override { cut(lane, 0); }
  std::vector<uint8_t> state(int lane) override;
  bool set_state(int lane, size_t count, std::span<const uint8_t> state) override;

 private:
  void adapt(const std::vector<AdapterUse>& adapters);
  int64_t width() const { return 2 * weights_->config.n_kv_heads * weights_->config.head_dim; }

  std::shared_ptr<const Model> weights_;
  ThreadPool pool_;
  Transformer transformer_;
  LossHead head_;
  std::vector<KvCache> caches_;           // of each lane
  std::vector<AdapterUse> own_, active_;  // adapters; those that lora_ is made of
  std::optional<Lora> lora_;
  Floats x_, logits_;
};

}  // namespace engram
