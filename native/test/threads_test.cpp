// The pool: every index once, exceptions, many short loops, more threads than cores.
#include "threads.hpp"

#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"

using engram::ThreadPool;

TEST(threads_run_every_index_once) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (const int64_t n : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> hits(static_cast<size_t>(n));
      pool.parallel_for(n, [&](int64_t i) { hits[static_cast<size_t>(i)]++; });
      for (const auto& hit : hits) CHECK(hit == 1);
    }
  }
}

TEST(threads_survive_many_short_loops) {
  ThreadPool pool(4);
  int64_t total = 0;
  for (int loop = 0; loop < 5000; loop++) {
    int64_t values[5] = {};
    pool.parallel_for(5, [&](int64_t i) { values[i] = i + 1; });
    total += std::accumulate(values, values + 5, int64_t{0});
  }
  CHECK(total == 5000 * 15);
}

TEST(threads_rethrow_the_first_exception) {
  ThreadPool pool(3);
  std::atomic<int> ran{0};
  bool thrown = false;
  try {
    pool.parallel_for(100, [&](int64_t i) {
      if (i == 7) throw std::runtime_error("seven");
      ran++;
    });
  } catch (const std::runtime_error& error) {
    thrown = std::string(error.what()) == "seven";
  }
  CHECK(thrown);
  CHECK(ran < 100);
  pool.parallel_for(10, [&](int64_t) { ran++; });  // still usable
}

TEST(threads_run_loops_with_as_many_as_they_are_told) {
  ThreadPool pool(4);
  for (int round = 0; round < 300; round++) {
    const int threads = 1 + round % 4;
    pool.use(threads);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    std::atomic<int> ran{0};
    pool.parallel_for(64, [&](int64_t) {
      ran++;
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(ran == 64);
    CHECK(seen.size() <= static_cast<size_t>(threads));
  }
}

TEST(threads_end_while_idle) {
  for (int i = 0; i < 50; i++) ThreadPool pool(4);
}
