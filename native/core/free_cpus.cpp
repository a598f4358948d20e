// From /proc/stat, which Linux has (man 5 proc); elsewhere nothing is known, and what tokens take has to tell alone.
#include "free_cpus.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <utility>

#if defined(__linux__)
#include <unistd.h>
#endif

namespace engram {
namespace {

// After so long without a look the mean says little of now: a program that ran between two answers may have ended.
// Where it was believed all the same, the next answer began with fewer threads than it could have.
constexpr double kOldS = 1;

// Processors, if nobody but the caller runs or waits for one at this moment.
std::optional<double> all_if_alone(const std::string& root) {
#if defined(__linux__)
  std::ifstream file(root + "/proc/loadavg");  // three means, then "running/all"
  std::string mean;
  int running = 0;
  if (file >> mean >> mean >> mean >> running && running <= 1)
    return static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
#endif
  return std::nullopt;
}

}  // namespace

FreeCpus::FreeCpus(std::string root) : root_(std::move(root)), last_(count()), at_(std::chrono::steady_clock::now()) {}

std::optional<FreeCpus::Counts> FreeCpus::count() const {
#if defined(__linux__)
  std::ifstream file(root_ + "/proc/stat");
  std::string name;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0;
  if (!(file >> name >> user >> nice >> system >> idle >> waiting) || name != "cpu") return std::nullopt;
  timespec own{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) != 0) return std::nullopt;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  return Counts{(idle + waiting) / ticks, static_cast<double>(own.tv_sec) + static_cast<double>(own.tv_nsec) * 1e-9};
#else
  return std::nullopt;
#endif
}

std::optional<double> FreeCpus::look() {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - at_).count();
  if (!last_ || seconds < 0.2) return std::nullopt;
  const std::optional<Counts> counts = count();
  if (!counts) return std::nullopt;
  const Counts before = *std::exchange(last_, counts);
  at_ = now;
  if (seconds > kOldS) {
    if (const std::optional<double> all = all_if_alone(root_)) return all;
  }
  return std::max(0.0, counts->idle_s - before.idle_s + counts->own_s - before.own_s) / seconds;
}

}  // namespace engram
