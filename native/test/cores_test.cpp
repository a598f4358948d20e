// The cores: a loop stands still while an answer is computed and goes on after it, with nothing lost; what training
// owes; who gets how many threads. Conditions are waited for, times are not checked.
#include "cores.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "check.hpp"
#include "threads.hpp"

using engram::Cores;
using engram::ThreadChooser;
using engram::ThreadPool;

namespace {

// What other processes take of the machine that runs the test is not looked at.
const engram::FreeCpus kUnknown("/nowhere");

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// A training of many short chunks on a thread of its own, until told to stop.
class Busy {
 public:
  Busy(std::shared_ptr<Cores> cores, int threads, int64_t chunks = 1 << 20)
      : cores_(std::move(cores)), pool_(threads, cores_, &hurry_), hits_(static_cast<size_t>(chunks)) {
    thread_ = std::thread([this] {
      const Cores::Training training(cores_);
      pool_.parallel_for(static_cast<int64_t>(hits_.size()), [this](int64_t i) {
        hits_[static_cast<size_t>(i)]++;
        done_++;
        if (!hurry_) std::this_thread::sleep_for(std::chrono::microseconds(50));
      });
    });
    while (done_ < 100) sleep_ms(1);
  }
  ~Busy() { finish(); }

  // Lets the rest run through, whoever computes.
  void finish() {
    hurry_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int64_t done() const { return done_; }
  bool each_once() const {
    for (const auto& hit : hits_) {
      if (hit != 1) return false;
    }
    return true;
  }
  // Waits until nothing moves any more, or for ever.
  void await_rest() const {
    for (int64_t before = -1; before != done_;) {
      before = done_;
      sleep_ms(50);
    }
  }

 private:
  std::shared_ptr<Cores> cores_;
  std::atomic<bool> hurry_{false};
  ThreadPool pool_;
  std::vector<std::atomic<int>> hits_;
  std::atomic<int64_t> done_{0};
  std::thread thread_;
};

}  // namespace

TEST(cores_hold_training_while_an_answer_is_computed) {
  for (const int threads : {1, 2, 4}) {
    const auto cores = std::make_shared<Cores>(threads, kUnknown);
    ThreadChooser chooser(threads);
    Busy busy(cores, threads);
    sleep_ms(500);  // it is ahead now
    {
      Cores::Generating turn(cores, chooser);
      busy.await_rest();
      while (turn.threads() != threads) sleep_ms(1);
    }
    const int64_t held = busy.done();
    while (busy.done() == held) sleep_ms(1);  // it goes on
    busy.finish();
    CHECK(busy.each_once());
  }
}

TEST(cores_are_shared_with_training_that_is_not_ahead) {
  const auto cores = std::make_shared<Cores>(2, kUnknown);
  ThreadChooser chooser(2);
  Cores::Generating turn(cores, chooser);
  CHECK(turn.threads() == 2);
  Busy busy(cores, 2);  // begins although an answer is computed
  while (turn.threads() != 1) sleep_ms(1);
  const int64_t before = busy.done();
  while (busy.done() < before + 100) sleep_ms(1);
  busy.finish();
  CHECK(turn.threads() == 2);
  CHECK(busy.each_once());
}

TEST(cores_let_a_held_training_end_in_a_hurry) {
  const auto cores = std::make_shared<Cores>(2, kUnknown);
  ThreadChooser chooser(2);
  Busy busy(cores, 2);
  sleep_ms(200);
  Cores::Generating turn(cores, chooser);
  busy.finish();
  CHECK(busy.each_once());
}

TEST(cores_are_divided_among_answers) {
  const auto cores = std::make_shared<Cores>(4, kUnknown);
  ThreadChooser chooser(4), other(4);
  Cores::Generating turn(cores, chooser);
  CHECK(turn.threads() == 4);
  {
    Cores::Generating second(cores, other);
    CHECK(turn.threads() == 2);
    CHECK(second.threads() == 2);
  }
  CHECK(turn.threads() == 4);
}

TEST(cores_let_an_idle_pool_end_while_an_answer_is_computed) {
  const auto cores = std::make_shared<Cores>(2, kUnknown);
  ThreadChooser chooser(2);
  Cores::Generating turn(cores, chooser);
  for (int i = 0; i < 5; i++) {
    ThreadPool pool(4, cores);
    sleep_ms(5);
  }
  CHECK(turn.threads() >= 1);
}
