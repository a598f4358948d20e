// See available_cpus.hpp. On Linux from what the kernel says of this process (man 7 cgroups, man 7 cpuset); elsewhere
// what the standard library knows.
#include "available_cpus.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace engram {
namespace {

// The first line, or nothing where there is no such file.
std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

double cpus_of(double quota, double period) {
  return quota > 0 && period > 0 ? quota / period : std::numeric_limits<double>::infinity();
}

// Processors' worth of time that the group at `folder` may use; infinite without a limit.
double quota_of(const std::string& folder) {
  std::istringstream v2(first_line(folder + "/cpu.max"));  // "50000 100000", "max 100000"
  double quota = 0, period = 0;
  if (v2 >> quota >> period) return cpus_of(quota, period);
  return cpus_of(std::atof(first_line(folder + "/cpu.cfs_quota_us").c_str()),
                 std::atof(first_line(folder + "/cpu.cfs_period_us").c_str()));
}

// The least quota of the process's groups and of those above them.
double least_quota(const std::string& root) {
  double least = std::numeric_limits<double>::infinity();
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/path", "4:cpu,cpuacct:/path"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && ("," + controllers + ",").find(",cpu,") == std::string::npos) continue;
    const std::string mount = root + "/sys/fs/cgroup" + (controllers.empty() ? "" : "/" + controllers);
    // In a container the path may be the host's, which is not there; what is mounted is then the container's own.
    for (std::string path = line.substr(second + 1);; path.resize(path.rfind('/'))) {
      least = std::min(least, quota_of(mount + path));
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}

// Processors this process may be scheduled on, hardware threads of one core counted once.
int schedulable(const std::string& root) {
  const int all = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  // The kernel refuses a mask smaller than its own.
  for (int most = 1024; most <= (1 << 20); most *= 4) {
    std::vector<cpu_set_t> mask(static_cast<size_t>(most) / CPU_SETSIZE + 1);
    const size_t bytes = mask.size() * sizeof(cpu_set_t);
    if (sched_getaffinity(0, bytes, mask.data()) != 0) continue;
    std::set<std::string> cores;
    for (int cpu = 0; cpu < static_cast<int>(bytes * 8); cpu++) {
      if (!CPU_ISSET_S(cpu, bytes, mask.data())) continue;
      const std::string name = "cpu" + std::to_string(cpu);
      const std::string siblings =
          first_line(root + "/sys/devices/system/cpu/" + name + "/topology/thread_siblings_list");
      cores.insert(siblings.empty() ? name : siblings);
    }
    if (!cores.empty()) return static_cast<int>(cores.size());
  }
#endif
  return all;
}

}  // namespace

int available_cpus(const std::string& root) {
  const int cpus = schedulable(root);
  return static_cast<int>(std::clamp(least_quota(root), 1.0, static_cast<double>(cpus)));
}

}  // namespace engram
