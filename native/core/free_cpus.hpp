// How much of the machine this process has or could have at the moment: what it used of late and what lay idle. Not
// here: how much it may have at most (available_cpus.hpp).
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace engram {

class FreeCpus {
 public:
  // `root` is where the file system begins, for tests.
  explicit FreeCpus(std::string root = "/");

  // Processors' worth of time since the last look that told something; nothing within some 200 ms of it, for too little
  // has been counted then, and where the system does not say. If that was long ago and nobody else runs now, all.
  std::optional<double> look();

 private:
  struct Counts {
    double idle_s, own_s;  // of all processors together, since ever
  };
  std::optional<Counts> count() const;

  std::string root_;
  std::optional<Counts> last_;
  std::chrono::steady_clock::time_point at_;
};

}  // namespace engram
