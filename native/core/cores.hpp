// Who computes on a process's cores: generation before training. Its generators and trainers share one of these: while
// an answer is computed, training threads sleep or keep to their part of the cores. Not here: the threads themselves
// (threads.hpp; ggml's), how many an answer is best computed with (thread_chooser.hpp), other processes.
//
// In a generator, of which each has its own chooser:
//
//   Cores::Generating turn(cores, chooser);  // as long as tokens are computed, not while a reader is waited for
//   for (…) {
//     llama_set_n_threads(context, turn.threads(), turn.threads());
//     … llama_decode(context, batch), abandoned after turn.patience_ms(batch.n_tokens) …
//     turn.computed(batch.n_tokens, ms), or turn.gave_up() and the same again
//   }
#pragma once

#include <atomic>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "free_cpus.hpp"
#include "thread_chooser.hpp"

namespace engram {

class Cores {
 public:
  // `threads`: how many run at once without waiting for each other, see available_cpus.hpp. `free`: what others leave.
  explicit Cores(int threads, FreeCpus free = FreeCpus());
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
    // How long to wait for `tokens` decoded together with so many threads; then gave_up(), and threads() says fewer.
    // Often infinite. (Two spinning threads that the scheduler has put on one core have needed 2.6 s for a token of 8
    // ms.)
    double patience_ms(int tokens) const;
    void gave_up();
    // How long they took.
    void computed(int tokens, double ms);

   private:
    void take(int threads);

    std::shared_ptr<Cores> cores_;
    ThreadChooser& chooser_;
    bool chosen() const { return threads_ == chooser_.threads(); }  // not what sharing left

    int threads_ = 0;  // last handed out
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

  void look(ThreadChooser& chooser);  // tells it what others leave, if that is known again; with the lock held
  void settle();                      // brings what follows up to now; with the lock held

  const int threads_;
  std::atomic<int> training_threads_{INT_MAX};  // that each pool may use

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  FreeCpus free_;
  double others_ = 0;  // processors' worth of time that other processes take of ours
  int generating_ = 0, training_ = 0;
  int in_use_ = 0;        // threads that answers are computed with
  bool sharing_ = false;  // training gets a part of the cores although an answer is computed
  double ahead_ms_ = 0;   // how much longer training computed than it was held back
  Clock::time_point settled_ = Clock::now();
};

}  // namespace engram
