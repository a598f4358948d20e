// A small thread pool for one trainer: parallel loops whose chunks are claimed one by one, so that a busy neighbour on
// one core slows a loop by its share only. It is not a task scheduler, has no global state and never spins for long.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace engram {

class Cores;

class ThreadPool {
 public:
  // `threads` counts the calling thread too; at least 1. With `cores`, threads give way to answers between two chunks:
  // a loop then takes as long as those do, or until `hurry` becomes true.
  explicit ThreadPool(int threads, std::shared_ptr<Cores> cores = nullptr, const std::atomic<bool>* hurry = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  // Loops that begin later are run by so many of them, at least 1. Between two loops only.
  void use(int threads);

  // Calls body(i) once for every i in [0, n), on any thread, in any order; returns when all are done. Not reentrant.
  // The first exception thrown by a body is rethrown here after the loop has ended. Which thread runs which i must
  // not change any result: chunks are cut by the work, never by the number of threads.
  void parallel_for(int64_t n, const std::function<void(int64_t)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace engram
