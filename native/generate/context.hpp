// A context of a model: what it holds of conversations, cut into lanes of one each, and the adapters it computes with.
// What a lane has computed is used again only where that cannot change an answer. Not here: who computes tokens,
// llama.cpp (llama_context.hpp) or the kernels of the training step (own_context.hpp); who computes when (engine.hpp);
// sampling.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "../core/model.hpp"
#include "language_model.hpp"

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

// Who computes the tokens of a context.
enum class Computes {
  llama,    // llama.cpp
  prompts,  // llama.cpp answers prompts that our own kernels have read
  own,      // our own kernels
};

class Context {
 public:
  // With `weights` of the same model, which may be null, our own kernels compute as much as they are faster at; see
  // Computes. What is computed is given up soon after `stop` became true. Throws `memory`.
  static std::unique_ptr<Context> open(std::shared_ptr<const LanguageModel> model, const ContextOptions& options,
                                       std::shared_ptr<const Model> weights, const std::atomic<bool>& stop);
  virtual ~Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const std::shared_ptr<const LanguageModel>& model() const { return model_; }
  const ContextOptions& options() const { return options_; }
  virtual Computes computes() const = 0;

  // The adapters that everything is computed with from now on, but for what decode() is given others for. Forgets what
  // all lanes hold. Throws `native`, `unsupported`.
  virtual void use(std::vector<AdapterUse> adapters) = 0;
  virtual void set_threads(int threads) = 0;

  // Where the block of a prompt ends that begins at `at`. Blocks are counted from the start and, so that what comes
  // before the first question of every conversation is one of them, again from the prompt's `prefix` on.
  size_t block_end(size_t at, size_t prefix) const;
  // Cuts a lane back to the whole blocks it shares with a prompt; answers how many tokens those are. A prompt's last
  // block is never among them: from it the answer begins.
  size_t begin(int lane, std::span<const Token> prompt, size_t prefix);
  // How many that would be.
  size_t shared(int lane, std::span<const Token> prompt, size_t prefix) const;
  size_t length(int lane) const { return lane_at(lane).tokens.size(); }
  // Cuts a lane back to its first tokens.
  void keep(int lane, size_t count);
  void clear(int lane);

  struct Feed {
    int lane;
    std::span<const Token> tokens;
    int wanted;     // of the last so many the logits are wanted
    bool is_block;  // a whole block of a prompt
    // The last so many are guesses. Of our own kernels they get what they would get one by one, and what comes before
    // them gets what it would get without them.
    int guesses = 0;
  };
  // Computes tokens at the end of their lanes, with these adapters in place of the context's own unless null. False if
  // it was stopped, or takes longer than `patience_ms` where that can be told: then nothing has changed. Throws
  // `native`, `unsupported`.
  virtual bool decode(std::span<const Feed> feeds, double patience_ms = std::numeric_limits<double>::infinity(),
                      const std::vector<AdapterUse>* adapters = nullptr) = 0;
  // Of the tokens wanted in the last decode(), in order, one for each token of the vocabulary. Throws `native`.
  virtual std::span<const float> logits(int index) = 0;

  // The state of a lane's whole blocks, for as long as model, adapters and who computes are the same.
  std::span<const Token> whole(int lane) const;
  size_t prefix(int lane) const { return lane_at(lane).prefix; }
  std::vector<uint8_t> save(int lane);
  // Throws `corrupt`.
  void restore(int lane, std::span<const Token> tokens, size_t prefix, std::span<const uint8_t> state);

 protected:
  struct Lane {
    std::vector<Token> tokens;  // that are computed
    size_t whole = 0;           // of these, in whole blocks
    size_t prefix = 0;          // of the prompt whose blocks they are
  };
  Context(std::shared_ptr<const LanguageModel> model, const ContextOptions& options);
  const Lane& lane_at(int lane) const { return lanes_[static_cast<size_t>(lane)]; }
  Lane& lane_at(int lane) { return lanes_[static_cast<size_t>(lane)]; }
  // Notes what was computed.
  void took(std::span<const Feed> feeds);

  // What keep(), save() and restore() do beside the bookkeeping. False: it can only be forgotten as a whole.
  virtual bool cut(int lane, size_t count) = 0;
  virtual void forget(int lane) = 0;
  virtual std::vector<uint8_t> state(int lane) = 0;
  // False for what is no state of so many tokens.
  virtual bool set_state(int lane, size_t count, std::span<const uint8_t> state) = 0;

  const std::shared_ptr<const LanguageModel> model_;
  const ContextOptions options_;

 private:
  std::vector<Lane> lanes_;
};

}  // namespace engram
