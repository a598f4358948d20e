// Processors: what control groups allow, in both versions, and what /proc/stat says is free.
#include "available_cpus.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "check.hpp"
#include "free_cpus.hpp"

using engram::available_cpus;
using engram::FreeCpus;

namespace {

// A file system of its own that goes with the test.
struct Root {
  Root() { std::filesystem::remove_all(path); }
  ~Root() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = path / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  operator std::string() const { return path.string(); }
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("engram-cpus-" + std::to_string(std::random_device()()));
};

}  // namespace

TEST(cpus_are_at_least_one) {
  CHECK(available_cpus() >= 1);
  CHECK(available_cpus("/nowhere") >= 1);
}

#if defined(__linux__)

TEST(cpus_follow_the_quota_of_a_control_group) {
  const Root root;
  const int all = available_cpus(root);
  root.write("proc/self/cgroup", "0::/a/b\n");
  root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  CHECK(available_cpus(root) == all);
  root.write("sys/fs/cgroup/a/cpu.max", "100000 100000\n");  // of the group above
  CHECK(available_cpus(root) == 1);
  root.write("sys/fs/cgroup/a/cpu.max", "5000 100000\n");  // less than one is one
  CHECK(available_cpus(root) == 1);
  root.write("sys/fs/cgroup/a/cpu.max", "nonsense");
  CHECK(available_cpus(root) == all);
  root.write("sys/fs/cgroup/cpu.max", "100000 100000\n");  // the container's own root
  CHECK(available_cpus(root) == 1);
}

TEST(cpus_follow_the_quota_of_an_old_control_group) {
  const Root root;
  const int all = available_cpus(root);
  root.write("proc/self/cgroup", "7:memory:/x\n4:cpu,cpuacct:/x/y\nnonsense\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_period_us", "100000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_quota_us", "-1\n");
  CHECK(available_cpus(root) == all);
  root.write("sys/fs/cgroup/cpu,cpuacct/x/y/cpu.cfs_quota_us", "150000\n");
  CHECK(available_cpus(root) == 1);
}

TEST(cpus_that_share_a_core_count_once) {
  const Root root;
  for (int cpu = 0; cpu < 2048; cpu++) {
    root.write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", "0-2047\n");
  }
  CHECK(available_cpus(root) == 1);
}

TEST(cpus_that_are_free_are_those_idle_and_our_own) {
  const Root root;
  root.write("proc/stat", "cpu  100 0 100 1000 0 0 0 0 0 0\n");
  FreeCpus free(root);
  CHECK(!free.look());  // too soon
  root.write("proc/stat", "cpu  100 0 100 1000000 0 0 0 0 0 0\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  const auto many = free.look();
  CHECK(many && *many > 100);
  root.write("proc/stat", "nonsense");
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  CHECK(!free.look());
  CHECK(!FreeCpus("/nowhere").look());
}

// What ran while nobody looked may have ended.
TEST(cpus_that_were_taken_long_ago_are_free_if_nobody_runs) {
  const Root root;
  for (const bool others_run : {false, true}) {
    root.write("proc/stat", "cpu  100 0 100 1000 0 0 0 0 0 0\n");
    root.write("proc/loadavg", others_run ? "2.00 1.00 1.00 3/90 1234\n" : "2.00 1.00 1.00 1/90 1234\n");
    FreeCpus free(root);
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    const auto found = free.look();  // nothing was idle meanwhile
    CHECK(found && (others_run ? *found < 0.9 : *found >= 1));
  }
}

#endif
