// Computes the answers of one context, on a thread of its own: prompts block by block, answers token by token, those of
// several lanes in one batch (continuous batching). Tokens go out in small bunches, since whoever takes them needs a
// core for it. Not here: text, conversations, which context.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "../core/cores.hpp"
#include "../core/thread_chooser.hpp"
#include "context.hpp"
#include "sampler.hpp"

namespace engram {

struct GenerationRequest {
  std::vector<Token> prompt;  // at least one
  size_t prefix = 0;          // its first tokens that many prompts share; see Context::block_end
  // Adapters that work in place of the context's own from a token of the prompt on, at the latest its last. What comes
  // before is computed without them, so it is the same for all that use the context.
  std::vector<AdapterUse> adapters;
  size_t adapted_from = 0;
  int max_tokens = 0;             // of the answer, at least 1; prompt and answer must fit the lane
  std::vector<Token> end_tokens;  // an answer ends before any of them, as before every token the model ends with
  Sampling sampling;
  int likeliest = -1;  // with each token its log-probability and those of so many likeliest; below 0: none
  // Guesses what follows from where the same words stood before, and computes the guesses together: prompt lookup.
  // Changes how tokens are batched: of llama.cpp's probabilities the last bits, of our own kernels' none.
  bool lookup = false;
  // The same with what the answer is expected to be, from its beginning, for as long as it is that.
  std::vector<Token> expected;
  // What is expected comes, whatever the model would say, end tokens too: only its probabilities are wanted. It has at
  // least max_tokens tokens.
  bool insists = false;
};

struct GeneratedToken {
  Token token;
  std::vector<TokenProbability> probabilities;  // its own first
};

struct GenerationResult {
  enum class Finish { end, length, cancelled } finish;
  int lane = -1;           // where it was computed; below 0: it was not
  int reused_tokens = 0;   // of the prompt
  int guessed_tokens = 0;  // of the answer, computed together with the one before
};

// Where an answer goes; called by the engine's thread, must not throw and must not wait.
class GenerationSink {
 public:
  virtual ~GenerationSink() = default;
  virtual void tokens(std::vector<GeneratedToken> tokens) = 0;
  virtual void finished(const GenerationResult& result) = 0;  // the last call, or
  virtual void failed(std::exception_ptr reason) = 0;
};

class Engine {
 public:
  // `cores`: who else computes; `weights`: for kernels of our own (Context::open), or null. Throws `memory`.
  Engine(std::shared_ptr<const LanguageModel> model, const ContextOptions& options, std::shared_ptr<Cores> cores,
         std::shared_ptr<const Model> weights = nullptr);
  ~Engine();  // cancels what is being computed
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const LanguageModel& model() const { return *context_->model(); }
  const ContextOptions& options() const { return context_->options(); }
  Computes computes() const { return context_->computes(); }

  // Requests begin in their order, as lanes become free. Any thread.
  uint64_t submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink);
  void cancel(uint64_t id);  // nothing if it has ended
  // Runs `action` on the engine's thread as soon as nothing is being computed and before what is submitted later; it
  // must not throw.
  void post(std::function<void(Context&)> action);

 private:
  struct Answer;

  void loop();
  void admit();
  void step();
  void take_turns(const std::vector<bool>& waits);
  void guess(Answer& answer) const;
  void take(Answer& answer, int first_row);
  void flush(Answer& answer);
  void finish(Answer& answer, GenerationResult::Finish how);
  void fail(Answer& answer, std::exception_ptr reason);
  void forget_ended();

  const std::shared_ptr<Cores> cores_;
  ThreadChooser chooser_;                         // the engine's thread only, as are the next two
  std::optional<Cores::Generating> turn_;         // while answers are computed
  std::vector<std::unique_ptr<Answer>> answers_;  // being computed

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  struct Item {
    std::unique_ptr<Answer> answer;  // or
    std::function<void(Context&)> action;
  };
  std::deque<Item> queue_;
  std::vector<uint64_t> cancelled_;
  uint64_t next_id_ = 1;
  bool stop_ = false;

  std::atomic<bool> interrupt_ = false;     // something was cancelled: what is being computed is given up
  const std::unique_ptr<Context> context_;  // the engine's thread only

  std::thread thread_;
};

}  // namespace engram
