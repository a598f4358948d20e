// The pool behind ThreadPool: one loop at a time. Each thread has a run of neighbouring chunks, so that two threads
// seldom write to neighbouring memory, and when it is through takes from those of the others. Workers join a loop if
// they wake in time and are not waited for if they do not, so a descheduled worker delays a loop only while it holds a
// chunk.
#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "cores.hpp"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace engram {
namespace {

using Clock = std::chrono::steady_clock;

// Waking a sleeper takes some 20 µs, a good part of a small product, so a waiter first spins for about as long as the
// serial code between two loops takes. It never yields: on a busy machine that gives its core away for a whole time
// slice, while a sleeper that is woken gets it back at once.
constexpr std::chrono::microseconds kSpin{30};

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// A number that threads wait on until it changes. On Linux by futex on its low half (little-endian), because
// std::atomic::wait yields.
struct Signal {
  alignas(64) std::atomic<uint64_t> value{0};
  std::atomic<int> sleepers{0};

  void sleep(uint64_t old) {
#if defined(__linux__)
    sleepers.fetch_add(1);
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, static_cast<uint32_t>(old), nullptr, nullptr, 0);
    sleepers.fetch_sub(1);
#else
    value.wait(old);
#endif
  }
  void wake_all() {
#if defined(__linux__)
    if (sleepers.load() > 0) syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
#else
    value.notify_all();
#endif
  }
  // Waits until the value differs from `old`, in the end asleep. Returns the new value.
  uint64_t wait_for_change(uint64_t old) {
    const Clock::time_point start = Clock::now();
    for (;;) {
      for (int i = 0; i < 16; i++) {
        const uint64_t now = value.load(std::memory_order_acquire);
        if (now != old) return now;
        pause();
      }
      if (Clock::now() - start > kSpin) sleep(old);
    }
  }
};

}  // namespace

struct ThreadPool::State {
  // The gate: bit 0 says that a loop is open, bits 1..15 count the workers inside, the rest is the number of the loop.
  static constexpr uint64_t kOpen = 1, kInside = 2, kInsideMask = 0xfffe, kLoop = 0x10000;

  Signal gate;
  struct alignas(64) Run {
    std::atomic<int64_t> next{0};
    int64_t end = 0;  // written only while the gate is closed and empty
  };
  std::vector<Run> runs;     // of each thread, the caller's first
  Signal done;               // number of the last loop that the caller had to wait for
  std::atomic<size_t> used;  // threads that run loops; the others wait for
  Signal asked;              // another number of them
  std::atomic<bool> stop{false};
  std::atomic<bool> failed{false};
  const std::function<void(int64_t)>* body = nullptr;  // of the open loop; likewise
  std::exception_ptr error;                            // written by the one thread that set `failed`
  std::vector<std::thread> workers;
  std::shared_ptr<Cores> cores;  // or null
  const std::atomic<bool>* hurry;

  State(int threads, std::shared_ptr<Cores> c, const std::atomic<bool>* h)
      : runs(static_cast<size_t>(threads)), used(runs.size()), cores(std::move(c)), hurry(h == nullptr ? &stop : h) {}

  bool may_go_on(size_t self) const { return cores == nullptr || cores->may_train(static_cast<int>(self)); }

  void run_chunks(size_t self) {
    const size_t threads = used.load(std::memory_order_relaxed);
    for (size_t k = 0; k < threads; k++) {
      Run& run = runs[(self + k) % threads];
      for (;;) {
        if (!may_go_on(self)) {
          // The caller waits here. A worker leaves its chunks to the others, who would else wait for it.
          if (self > 0) return;
          cores->wait_to_train(0, *hurry);
        }
        const int64_t i = run.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= run.end) break;
        if (failed.load(std::memory_order_relaxed)) continue;
        try {
          (*body)(i);
        } catch (...) {
          if (!failed.exchange(true)) error = std::current_exception();
        }
      }
    }
  }

  void work(size_t self) {
    uint64_t seen = gate.value.load(std::memory_order_acquire);
    while (!stop.load(std::memory_order_acquire)) {
      const uint64_t number = asked.value.load(std::memory_order_acquire);
      if (self >= used.load(std::memory_order_acquire)) {
        asked.wait_for_change(number);
        seen = gate.value.load(std::memory_order_acquire);
        continue;
      }
      if (!(seen & kOpen)) {
        seen = gate.wait_for_change(seen);
        continue;
      }
      if (!may_go_on(self)) {
        cores->wait_to_train(static_cast<int>(self), stop);
        seen = gate.value.load(std::memory_order_acquire);
        continue;
      }
      if (!gate.value.compare_exchange_weak(seen, seen + kInside)) continue;
      run_chunks(self);
      // No chunk is left, or none for this one. The worker that leaves a closed loop last wakes the caller; then wait
      // for another loop.
      const uint64_t before = gate.value.fetch_sub(kInside);
      const uint64_t loop = before / kLoop;
      if (!(before & kOpen) && (before & kInsideMask) == kInside) {
        done.value.store(loop);
        done.wake_all();
      }
      seen = gate.value.load(std::memory_order_acquire);
      while (may_go_on(self) && seen / kLoop == loop && !stop.load(std::memory_order_acquire)) {
        seen = gate.wait_for_change(seen);
      }
    }
  }
};

ThreadPool::ThreadPool(int threads, std::shared_ptr<Cores> cores, const std::atomic<bool>* hurry)
    : state_(std::make_unique<State>(std::max(1, threads), std::move(cores), hurry)) {
  try {
    for (int i = 1; i < threads; i++) state_->workers.emplace_back([state = state_.get(), i] { state->work(i); });
  } catch (const std::exception&) {
    // The system has no more threads to give: carry on with those it gave.
  }
}

ThreadPool::~ThreadPool() {
  state_->stop.store(true, std::memory_order_release);
  state_->gate.value.fetch_add(State::kLoop);
  state_->gate.wake_all();
  state_->asked.value.fetch_add(1);
  state_->asked.wake_all();
  for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::use(int threads) {
  State& s = *state_;
  const size_t count = std::min(static_cast<size_t>(std::max(1, threads)), s.runs.size());
  if (s.used.exchange(count) == count) return;
  s.asked.value.fetch_add(1);
  s.asked.wake_all();
}

void ThreadPool::parallel_for(int64_t n, const std::function<void(int64_t)>& body) {
  if (n <= 0) return;
  State& s = *state_;
  const int64_t threads = static_cast<int64_t>(s.used.load(std::memory_order_relaxed));
  if (n == 1 || threads == 1 || s.workers.empty()) {
    for (int64_t i = 0; i < n; i++) {
      if (!s.may_go_on(0)) s.cores->wait_to_train(0, *s.hurry);
      body(i);
    }
    return;
  }
  for (int64_t t = 0; t < threads; t++) {
    s.runs[t].next.store(n * t / threads, std::memory_order_relaxed);
    s.runs[t].end = n * (t + 1) / threads;
  }
  s.body = &body;
  s.error = nullptr;
  s.failed.store(false, std::memory_order_relaxed);
  const uint64_t done = s.done.value.load(std::memory_order_relaxed);
  s.gate.value.fetch_add(State::kLoop + State::kOpen);
  s.gate.wake_all();
  s.run_chunks(0);
  const uint64_t closed = s.gate.value.fetch_sub(State::kOpen);
  if (closed & State::kInsideMask) s.done.wait_for_change(done);
  s.body = nullptr;
  if (s.error) std::rethrow_exception(std::exchange(s.error, nullptr));
}

}  // namespace engram
