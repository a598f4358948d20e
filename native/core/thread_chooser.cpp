// Hill climbing by short trials (see thread_chooser.hpp): now and then a few tokens with the next smaller or larger
// count, seldom when they show nothing new, at once when tokens become slow.
#include "thread_chooser.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace engram {
namespace {

constexpr int kFewTokens = 8;       // that answers of several lanes and guesses of what follows make
constexpr size_t kTrial = 4;        // tokens of a trial, and of what it is compared with
constexpr double kBetter = 0.95;    // of the time: what a count must need at most to be changed to
constexpr double kWorse = 1.25;     // two tokens above this end a trial
constexpr double kHopeless = 2;     // so does one above this
constexpr double kSlow = 1.5;       // tokens have become slow
constexpr double kStuck = 4;        // one is so slow that it is not worth waiting for
constexpr double kPatienceMs = 10;  // that is waited in any case: what a scheduler's time slice may cost
constexpr double kFirstWaitMs = 2'000, kMostWaitMs = 16'000;
constexpr double kOthersChanged = 0.5;  // processors

}  // namespace

double ThreadChooser::Recent::median(size_t last) const {
  const size_t n = std::min({last, n_, ms_.size()});
  std::array<double, 8> sorted;
  for (size_t i = 0; i < n; i++) sorted[i] = ms_[(n_ - 1 - i) % ms_.size()];
  std::sort(sorted.begin(), sorted.begin() + n);
  return sorted[(n - 1) / 2];
}

ThreadChooser::ThreadChooser(int most) {
  most = std::max(1, most);
  for (int step = 1; step < most; step *= 2) {
    counts_.push_back(step);
    if (step > 1 && step + step / 2 < most) counts_.push_back(step + step / 2);
  }
  counts_.push_back(most);
  at_ = home_ = counts_.size() - 1;
}

void ThreadChooser::try_count(size_t index) {
  at_ = index;
  there_.clear();
  since_ms_ = 0;
}

void ThreadChooser::settle_at(size_t index) {
  at_ = home_ = index;
  here_.clear();
  calm_ms_ = since_ms_ = 0;
}

// A trial has shown nothing better.
void ThreadChooser::give_back() {
  at_ = home_;
  since_ms_ = 0;
  calm_ms_ = here_.median(kTrial);
  wait_ms_ = std::clamp(2 * wait_ms_, kFirstWaitMs, kMostWaitMs);
}

void ThreadChooser::computed(int tokens, double ms) {
  if (tokens > kFewTokens || !(ms > 0)) return;
  if (tokens != tokens_) {
    others_in_a_row_ = tokens == others_tokens_ ? others_in_a_row_ + 1 : 1;
    others_tokens_ = tokens;
    if (others_in_a_row_ < kTrial) return;
    tokens_ = tokens;
    settle_at(at_);
  }
  others_in_a_row_ = 0;
  since_ms_ += ms;
  if (trying()) {
    there_.add(ms);
    const double usual = here_.median(kTrial);
    if (ms > kHopeless * usual || (there_.count() >= 2 && there_.median(2) > kWorse * usual)) return give_back();
    if (there_.count() < kTrial) return;
    if (there_.median(kTrial) > kBetter * usual) return give_back();
    // Better; perhaps it goes on like this.
    up_next_ = at_ > home_;
    settle_at(at_);
    here_ = there_;
    wait_ms_ = 0;
    return;
  }
  here_.add(ms);
  if (counts_.size() == 1 || here_.count() < kTrial) return;
  const double now = here_.median(kTrial);
  calm_ms_ = calm_ms_ > 0 ? std::min(calm_ms_, now) : now;
  const bool is_slow = now > kSlow * calm_ms_;
  if (is_slow) wait_ms_ = 0;
  if (since_ms_ < wait_ms_) return;
  const bool up = home_ == 0 || (home_ + 1 < counts_.size() && up_next_ && !is_slow);
  up_next_ = !up;
  try_count(up ? home_ + 1 : home_ - 1);
}

double ThreadChooser::patience_ms(int tokens) const {
  if (tokens > kFewTokens || at_ == 0 || here_.count() == 0) return std::numeric_limits<double>::infinity();
  const double longer = std::max(1.0, static_cast<double>(tokens) / tokens_);
  return (trying() ? kHopeless : kStuck) * longer * here_.median(kTrial) + kPatienceMs;
}

void ThreadChooser::gave_up() {
  if (trying()) return give_back();
  if (home_ == 0) return;
  settle_at(home_ / 2);
  wait_ms_ = std::clamp(2 * wait_ms_, kFirstWaitMs, kMostWaitMs);
  up_next_ = true;
}

void ThreadChooser::others_take(double processors) {
  if (!(std::abs(processors - others_) >= kOthersChanged)) return;
  const bool more = processors > others_;
  others_ = processors;
  size_t fits = counts_.size() - 1;
  while (fits > 0 && counts_[fits] > counts_.back() - processors + kOthersChanged) fits--;
  if (more ? fits < home_ : fits > home_) settle_at(fits);
  up_next_ = more;  // to see whether it was right
  wait_ms_ = 0;
}

}  // namespace engram
