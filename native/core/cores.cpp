// The account between generation and training (see cores.hpp). Training that has computed for a while owes as much time
// to answers: as long as it is ahead, an answer gets all cores. When it no longer is, they share, so that a training
// ends within about twice its time whatever else is asked.
#include "cores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace engram {
namespace {

// What training can owe at most: longer than an answer takes, short enough that a long training does not stand still.
constexpr double kMostAheadMs = 10'000;
// Being this much ahead ends a sharing, so that it does not begin and end at every token.
constexpr double kAheadAgainMs = 250;
// What training does with a part of the cores, as a power of it: half of two gives six tenths of the speed (compare
// `bench train --threads 1` with `--threads 2`).
constexpr double kSpeedOfPart = 0.75;
// Held threads look this often whether they must still wait; nobody tells them that the account is balanced.
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

Cores::Cores(int threads, FreeCpus free) : threads_(std::max(1, threads)), free_(std::move(free)) {}

void Cores::settle() {
  const Clock::time_point now = Clock::now();
  const double ms = std::chrono::duration<double, std::milli>(now - std::exchange(settled_, now)).count();
  const int before = training_threads_.load(std::memory_order_relaxed);
  if (training_ > 0) {
    const double part = std::min(1.0, static_cast<double>(before) * training_ / threads_);
    const double share = std::pow(part, kSpeedOfPart);
    ahead_ms_ = std::clamp(ahead_ms_ + ms * (2 * share - 1), 0.0, kMostAheadMs);
  }
  if (generating_ == 0 || training_ == 0) {
    sharing_ = false;
  } else if (ahead_ms_ <= 0) {
    sharing_ = true;
  } else if (ahead_ms_ >= kAheadAgainMs) {
    sharing_ = false;
  }
  int after = INT_MAX;
  if (generating_ > 0) {
    // Half, or what answers have no use for; each of several trainings gets its part.
    const int left = threads_ - in_use_ - static_cast<int>(std::lround(others_));
    const int trainings = std::max(1, training_);
    after = std::max(left / trainings, sharing_ ? std::max(1, (threads_ + 1) / 2 / trainings) : 0);
  }
  if (after == before) return;
  training_threads_.store(after, std::memory_order_relaxed);
  changed_.notify_all();
}

void Cores::look(ThreadChooser& chooser) {
  if (const std::optional<double> free = free_.look()) others_ = std::max(0.0, threads_ - *free);
  chooser.others_take(others_);
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
  cores_->look(chooser_);
  cores_->settle();
  cores_->generating_++;
  take(chooser_.threads());
}

Cores::Generating::~Generating() {
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  cores_->generating_--;
  take(0);
}

int Cores::Generating::threads() {
  const std::lock_guard lock(cores_->mutex_);
  cores_->settle();
  const int most = cores_->sharing_ ? cores_->threads_ / 2 : cores_->threads_;
  take(std::clamp(most / cores_->generating_, 1, chooser_.threads()));
  return threads_;
}

// Lock held.
void Cores::Generating::take(int threads) {
  cores_->in_use_ += threads - threads_;
  threads_ = threads;
  cores_->settle();
}

double Cores::Generating::patience_ms(int tokens) const {
  return chosen() ? chooser_.patience_ms(tokens) : std::numeric_limits<double>::infinity();
}

void Cores::Generating::gave_up() { chooser_.gave_up(); }

void Cores::Generating::computed(int tokens, double ms) {
  if (chosen()) chooser_.computed(tokens, ms);
  const std::lock_guard lock(cores_->mutex_);
  cores_->look(chooser_);
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
