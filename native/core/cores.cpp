// The account between generation and training (see cores.hpp). Training that has computed for a while owes as much time
// to answers: as long as it is ahead, an answer gets all cores. When it no longer is, they share, so that a training
// ends within about twice its time whatever else is asked.
#include "cores.hpp"

#include <algorithm>
#include <utility>

namespace engram {
namespace {

// What training can owe at most: longer than an answer takes, short enough that a long training does not stand still.
constexpr double kMostAheadMs = 10'000;
// Being this much ahead ends a sharing, so that it does not begin and end at every token.
constexpr double kAheadAgainMs = 250;
// Held threads look this often whether they must still wait; nobody tells them that the account is balanced.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

Cores::Cores(int threads) : threads_(std::max(1, threads)) {}

void Cores::settle() {
  const Clock::time_point now = Clock::now();
  const double ms = std::chrono::duration<double, std::milli>(now - std::exchange(settled_, now)).count();
  const int before = training_threads_.load(std::memory_order_relaxed);
  if (training_ > 0) {
    const double share = std::min(1.0, static_cast<double>(before) * training_ / threads_);
    ahead_ms_ = std::clamp(ahead_ms_ + ms * (2 * share - 1), 0.0, kMostAheadMs);
  }
  if (generating_ == 0 || training_ == 0) {
    sharing_ = false;
  } else if (ahead_ms_ <= 0) {
    sharing_ = true;
  } else if (ahead_ms_ >= kAheadAgainMs) {
    sharing_ = false;
  }
  const int half = (threads_ + 1) / 2;
  const int after = generating_ == 0 ? INT_MAX : sharing_ ? std::max(1, half / std::max(1, training_)) : 0;
  if (after == before) return;
  training_threads_.store(after, std::memory_order_relaxed);
  changed_.notify_all();
}

void Cores::begin_training() {
  const std::lock_guard lock(mutex_);
  settle();
  ahead_ms_ = 0;
}

void Cores::wait_to_train(int index, const std::atomic<bool>& stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    settle();
    if (may_train(index) || stop.load(std::memory_order_relaxed)) return;
    changed_.wait_for(lock, kLook);
  }
}

Cores::Generating::Generating(std::shared_ptr<Cores> cores, ThreadChooser& chooser)
    : cores_(std::move(cores)), chooser_(chooser) {
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  cores_->generating_++;
  cores_->settle();
}

Cores::Generating::~Generating() {
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  cores_->generating_--;
  cores_->settle();
}

int Cores::Generating::threads() {
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  const int free = cores_->sharing_ ? cores_->threads_ / 2 : cores_->threads_;
  threads_ = std::clamp(free / cores_->generating_, 1, chooser_.threads());
  return threads_;
}

void Cores::Generating::computed(int tokens, double ms) {
  if (threads_ == chooser_.threads()) chooser_.computed(tokens, ms);
}

Cores::Training::Training(std::shared_ptr<Cores> cores) : cores_(std::move(cores)) {
  if (cores_ == nullptr) return;
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  cores_->training_++;
  cores_->settle();
}

Cores::Training::~Training() {
  if (cores_ == nullptr) return;
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  cores_->training_--;
  cores_->settle();
}

}  // namespace engram
