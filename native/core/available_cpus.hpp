// How many threads this process can run at once: its affinity mask, its control group's quota, the processors there
// are. Not here: what other processes leave of them at the moment.
#pragma once

#include <string>

namespace engram {

// At least 1. `root` is where the file system begins, for tests: proc and sys/fs/cgroup are read below it.
int available_cpus(const std::string& root = "/");

}  // namespace engram
