// How many threads one generator computes a token with, found out from how long tokens take. Not here: a clock, the
// cores there are (available_cpus.hpp), and what training leaves of them (cores.hpp).
#pragma once

#include <algorithm>

namespace engram {

class ThreadChooser {
 public:
  // `most`: never more than this; at least 1.
  explicit ThreadChooser(int most) : most_(std::max(1, most)), threads_(most_) {}

  // For the next token.
  int threads() const { return threads_; }
  // `tokens` decoded together took `ms` with threads().
  void computed(int tokens, double ms);

 private:
  int most_;
  int threads_;
};

}  // namespace engram
