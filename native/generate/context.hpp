// A context of a model: its KV cache, cut into lanes of one conversation each, the adapters it computes with, and
// ggml's threads. What a lane has computed is used again only where that cannot change an answer. Prompts are computed
// by llama.cpp, or read by kernels of our own (prompt_reader.hpp). Not here: who computes when (engine.hpp), sampling.
#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "cache_state.hpp"
#include "language_model.hpp"
#include "prompt_reader.hpp"

namespace engram {

// Most tokens that a lane computes at once after those of a prompt: the last one, and guesses of what follows.
constexpr int kGuesses = 16;

struct ContextOptions {
  int size = 4096;  // tokens that a lane holds
  int lanes = 1;
  // Tokens of a prompt that are computed at once, at most. Rounding depends on how many tokens go through the model
  // together, so greedy answers would depend on what was asked before if whatever lies in the cache were used. With
  // blocks in fixed places the same prompt is always computed in the same pieces, and a block that was computed whole,
  // as part of a prompt, may be used again. The tokens of an answer came one by one; as the history of the next
  // question they are computed again, in blocks.
  int block = 64;
  int threads = 1;  // at most
};

struct AdapterUse {
  std::shared_ptr<const LoadedAdapter> adapter;
  float scale;
  bool operator==(const AdapterUse&) const = default;
};

class Context {
 public:
  Context(std::shared_ptr<const LanguageModel> model, const ContextOptions& options);  // throws `memory`
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const std::shared_ptr<const LanguageModel>& model() const { return model_; }
  const ContextOptions& options() const { return options_; }

  // The adapters that everything is computed with from now on, but for what decode() is given others for. Forgets what
  // all lanes hold. Throws `native`.
  void use(std::vector<AdapterUse> adapters);
  void set_threads(int threads);
  // decode() gives up soon after this became true.
  void abort_when(const std::atomic<bool>* stop);

  // Where the block of a prompt ends that begins at `at`. Blocks are counted from the start and, so that what comes
  // before the first question of every conversation is one of them, again from the prompt's `prefix` on.
  size_t block_end(size_t at, size_t prefix) const;
  // Cuts a lane back to the whole blocks it shares with a prompt; answers how many tokens those are. A prompt's last
  // block is never among them: from it the answer begins.
  size_t begin(int lane, std::span<const Token> prompt, size_t prefix);
  // How many that would be.
  size_t shared(int lane, std::span<const Token> prompt, size_t prefix) const;
  size_t length(int lane) const { return lanes_[static_cast<size_t>(lane)].tokens.size(); }
  // Cuts a lane back to its first tokens.
  void keep(int lane, size_t count);
  void clear(int lane);

  struct Feed {
    int lane;
    std::span<const Token> tokens;
    int wanted;     // of the last so many the logits are wanted
    bool is_block;  // a whole block of a prompt
  };
  // Computes tokens at the end of their lanes, with these adapters in place of the context's own unless null. False if
  // it was aborted, or took longer than `patience_ms` on the CPU: then nothing has changed. Throws `native`.
  bool decode(std::span<const Feed> feeds, double patience_ms = std::numeric_limits<double>::infinity(),
              const std::vector<AdapterUse>* adapters = nullptr);
  // From now on prompts can be read with these weights, of the same model, if what they make of a few tokens is what
  // llama.cpp makes of them, and lies in its cache as expected; else nothing changes. All lanes must be empty.
  void read_with(std::shared_ptr<const Model> weights, const std::atomic<bool>& stop);
  // So it is, and the context has no adapters of its own.
  bool reads() const { return reader_ != nullptr && own_.empty(); }
  // What a lane holds, to be read on.
  Prefix held(int lane);
  // Reads tokens that come after what is held, as one block. False if it was stopped: then nothing has changed.
  bool read(Prefix& held, std::span<const Token> tokens);
  // Puts what was read, of which the first `whole` tokens are whole blocks, in place of what a lane holds. Throws
  // `native`.
  void lay(int lane, const Prefix& read, size_t whole);

  // Of the tokens wanted in the last decode(), in order, one for each token of the vocabulary. Throws `native`.
  std::span<const float> logits(int index);

  // The state of a lane's whole blocks, for as long as model, adapters and llama.cpp are the same.
  std::span<const Token> whole(int lane) const;
  size_t prefix(int lane) const { return lanes_[static_cast<size_t>(lane)].prefix; }
  std::vector<uint8_t> save(int lane);
  // Throws `corrupt`.
  void restore(int lane, std::span<const Token> tokens, size_t prefix, std::span<const uint8_t> state);

 private:
  struct Lane {
    std::vector<Token> tokens;  // in the cache
    size_t whole = 0;           // of these, computed in whole blocks
    size_t prefix = 0;          // of the prompt whose blocks they are
  };
  const LlamaLibrary& llama() const { return model_->llama(); }
  void activate(const std::vector<AdapterUse>& adapters);
  std::vector<uint8_t> state(int lane);

  std::shared_ptr<const LanguageModel> model_;
  ContextOptions options_;
  llama_context* context_ = nullptr;
  struct Limit {
    const std::atomic<bool>* stop = nullptr;
    std::chrono::steady_clock::time_point end = std::chrono::steady_clock::time_point::max();
  };
  const std::unique_ptr<Limit> limit_ = std::make_unique<Limit>();  // that llama.cpp asks while it computes
  ggml_threadpool* pool_ = nullptr;
  std::vector<AdapterUse> own_, active_;  // adapters; those that llama.cpp has now
  std::vector<Lane> lanes_;
  std::vector<int> rows_;  // of the last batch, those with logits
  std::unique_ptr<PromptReader> reader_;
  CacheShape shape_;  // where there is a reader
};

}  // namespace engram
