// The pool behind ThreadPool: one loop at a time, chunks claimed from an atomic counter. Workers join a loop if they
// wake in time and are not waited for if they do not, so a descheduled worker delays a loop only while it holds a
// chunk.
#include "threads.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

namespace engram {
namespace {

using Clock = std::chrono::steady_clock;

// Waking a sleeper takes some 20 µs, a good part of a small product. So a waiter first spins for a moment and then,
// still awake, offers its core to whoever wants it, for as long as the serial code between two loops of a training step
// takes.
constexpr std::chrono::microseconds kSpin{3}, kYield{30};

// Waits until `value` differs from `old`, in the end asleep. Returns the new value.
uint64_t wait_for_change(const std::atomic<uint64_t>& value, uint64_t old) {
  const Clock::time_point start = Clock::now();
  for (;;) {
    const uint64_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
    const Clock::duration waited = Clock::now() - start;
    if (waited > kYield) break;
    if (waited > kSpin) std::this_thread::yield();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

struct ThreadPool::State {
  // The gate: bit 0 says that a loop is open, bits 1..15 count the workers inside, the rest is the number of the loop.
  static constexpr uint64_t kOpen = 1, kInside = 2, kInsideMask = 0xfffe, kLoop = 0x10000;

  alignas(64) std::atomic<uint64_t> gate{0};
  alignas(64) std::atomic<int64_t> next{0};
  alignas(64) std::atomic<uint64_t> done{0};  // number of the last loop that the caller had to wait for
  std::atomic<bool> stop{false};
  std::atomic<bool> failed{false};
  int64_t n = 0;  // of the open loop; written only while the gate is closed and empty
  const std::function<void(int64_t)>* body = nullptr;  // likewise
  std::exception_ptr error;                            // written by the one thread that set `failed`
  std::vector<std::thread> workers;

  void run_chunks() {
    for (;;) {
      const int64_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= n) return;
      if (failed.load(std::memory_order_relaxed)) continue;
      try {
        (*body)(i);
      } catch (...) {
        if (!failed.exchange(true)) error = std::current_exception();
      }
    }
  }

  void work() {
    uint64_t seen = gate.load(std::memory_order_acquire);
    while (!stop.load(std::memory_order_acquire)) {
      if (!(seen & kOpen)) {
        seen = wait_for_change(gate, seen);
        continue;
      }
      if (!gate.compare_exchange_weak(seen, seen + kInside, std::memory_order_acq_rel)) continue;
      run_chunks();
      // No chunk is left. The worker that leaves a closed loop last wakes the caller; then wait for another loop.
      const uint64_t before = gate.fetch_sub(kInside, std::memory_order_acq_rel);
      const uint64_t loop = before / kLoop;
      if (!(before & kOpen) && (before & kInsideMask) == kInside) {
        done.store(loop, std::memory_order_release);
        done.notify_one();
      }
      seen = gate.load(std::memory_order_acquire);
      while (seen / kLoop == loop && !stop.load(std::memory_order_acquire)) seen = wait_for_change(gate, seen);
    }
  }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  try {
    for (int i = 1; i < threads; i++) state_->workers.emplace_back([state = state_.get()] { state->work(); });
  } catch (const std::exception&) {
    // The system has no more threads to give: carry on with those it gave.
  }
}

ThreadPool::~ThreadPool() {
  state_->stop.store(true, std::memory_order_release);
  state_->gate.fetch_add(State::kLoop, std::memory_order_acq_rel);
  state_->gate.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::parallel_for(int64_t n, const std::function<void(int64_t)>& body) {
  if (n <= 0) return;
  State& s = *state_;
  if (n == 1 || s.workers.empty()) {
    for (int64_t i = 0; i < n; i++) body(i);
    return;
  }
  s.n = n;
  s.body = &body;
  s.error = nullptr;
  s.failed.store(false, std::memory_order_relaxed);
  s.next.store(0, std::memory_order_relaxed);
  const uint64_t done = s.done.load(std::memory_order_relaxed);
  s.gate.fetch_add(State::kLoop + State::kOpen, std::memory_order_acq_rel);
  s.gate.notify_all();
  s.run_chunks();
  const uint64_t closed = s.gate.fetch_sub(State::kOpen, std::memory_order_acq_rel);
  if (closed & State::kInsideMask) wait_for_change(s.done, done);
  s.body = nullptr;
  if (s.error) std::rethrow_exception(std::exchange(s.error, nullptr));
}

}  // namespace engram
