// A context that llama.cpp computes: its KV cache and ggml's threads. Tokens of prompts, whose logits nobody wants, are
// computed by llama.cpp too, or read by kernels of our own (prompt_reader.hpp) from whose keys and values it goes on.
#pragma once

#include <chrono>
#include <optional>

#include "cache_state.hpp"
#include "context.hpp"
#include "prompt_reader.hpp"

namespace engram {

class LlamaContext : public Context {
 public:
  LlamaContext(std::shared_ptr<const LanguageModel> model, const ContextOptions& options,
               const std::atomic<bool>& stop);  // throws `memory`
  ~LlamaContext() override;

  Computes computes() const override { return reader_ != nullptr ? Computes::prompts : Computes::llama; }
  void use(std::vector<AdapterUse> adapters) override;
  void set_threads(int threads) override;
  bool decode(std::span<const Feed> feeds, double patience_ms = std::numeric_limits<double>::infinity(),
              const std::vector<AdapterUse>* adapters = nullptr) override;
  std::span<const float> logits(int index) override;

  // From now on prompts can be read with these weights, of the same model, if what they make of a few tokens is what
  // llama.cpp makes of them, and lies in its cache as expected; else nothing changes. All lanes must be empty.
  void read_with(std::shared_ptr<const Model> weights, const std::atomic<bool>& stop);

 protected:
  bool cut(int lane, size_t count) override;
  void forget(int lane) override;
  std::vector<uint8_t> state(int lane) override;
  bool set_state(int lane, size_t count, std::span<const uint8_t> state) override;

 private:
  const LlamaLibrary& llama() const { return model_->llama(); }
  void activate(const std::vector<AdapterUse>& adapters);
  bool compute(std::span<const Feed> feeds, double patience_ms);
  Prefix& ahead(int lane);
  bool read(int lane, std::span<const Token> tokens);
  void lay(int lane);

  llama_context* context_ = nullptr;
  struct Limit {
    const std::atomic<bool>* stop = nullptr;
    std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
  };
  const std::unique_ptr<Limit> limit_ = std::make_unique<Limit>();  // that llama.cpp asks while it computes
  ggml_threadpool* pool_ = nullptr;
  std::vector<AdapterUse> own_, active_;  // adapters; those that llama.cpp has now
  std::vector<int> rows_;                 // of the last batch, those with logits
  std::unique_ptr<PromptReader> reader_;
  std::vector<std::optional<Prefix>> ahead_;  // of each lane, if more was read of it than llama.cpp has
  CacheShape shape_;                          // where there is a reader
};

}  // namespace engram
