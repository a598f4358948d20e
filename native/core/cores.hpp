// Who computes on a process's cores: generation before training. Its generators and trainers share one of these: while
// an answer is computed, training threads sleep or keep to their part of the cores. Not here: the threads themselves
// (threads.hpp; ggml's), how many an answer is best computed with (thread_chooser.hpp), other processes.
//
// In a generator, of which each has its own chooser:
//
//   Cores::Generating turn(cores, chooser);  // as long as tokens are computed, not while a reader is waited for
//   for (…) {
//     llama_set_n_threads(context, turn.threads(), turn.threads());
//     … llama_decode(context, batch) …
//     turn.computed(batch.n_tokens, ms);
//   }
#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "thread_chooser.hpp"

namespace engram {

class Cores {
 public:
  // `threads`: how many run at once without waiting for each other, see available_cpus.hpp.
  explicit Cores(int threads);
  Cores(const Cores&) = delete;
  Cores& operator=(const Cores&) = delete;

  int threads() const { return threads_; }

  // While one lives, an answer is computed. For one thread.
  class Generating {
   public:
    Generating(std::shared_ptr<Cores> cores, ThreadChooser& chooser);
    ~Generating();
    Generating(const Generating&) = delete;
    Generating& operator=(const Generating&) = delete;

    // To compute the next tokens with, at least 1. Asks the clock; may change from token to token.
    int threads();
    // How long they took; `tokens` were decoded together.
    void computed(int tokens, double ms);

   private:
    std::shared_ptr<Cores> cores_;
    ThreadChooser& chooser_;
    int threads_ = 1;  // last handed out
  };

  // While one lives, a training step or another long computation of this process runs.
  class Training {
   public:
    explicit Training(std::shared_ptr<Cores> cores);  // may be null, then nothing happens
    ~Training();
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;

   private:
    std::shared_ptr<Cores> cores_;
  };

  // A training begins: what earlier ones were ahead is forgotten.
  void begin_training();

  // For the threads that train, between chunks of some ms at most: whether thread `index` (from 0) of its pool may
  // compute now. One load.
  bool may_train(int index) const { return index < training_threads_.load(std::memory_order_relaxed); }
  // Sleeps until it may, or soon after `stop` has become true.
  void wait_to_train(int index, const std::atomic<bool>& stop);

 private:
  using Clock = std::chrono::steady_clock;

  void settle();  // brings what follows up to now; with the lock held

  const int threads_;
  std::atomic<int> training_threads_{INT_MAX};  // that each pool may use

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  int generating_ = 0, training_ = 0;
  bool sharing_ = false;  // training gets a part of the cores although an answer is computed
  double ahead_ms_ = 0;   // how much longer training computed than it was held back
  Clock::time_point settled_ = Clock::now();
};

}  // namespace engram
