// A thread of its own with a queue of jobs, for work that takes seconds: libuv's pool has four threads and others need
// them. Results come back to the JS thread as settled promises. A running job keeps the process alive, an idle worker
// does not; when its environment ends, the worker cancels, joins and lets go. Not here: what the jobs do.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "failure.hpp"
#include "napi.hpp"

namespace engram::binding {

// Makes the JS value of a result. Runs on the JS thread.
using Convert = std::function<Napi::Value(Napi::Env)>;
// The work itself, off the JS thread; it must not touch anything of Napi. May throw. `cancelled` may be true before it
// starts and become true meanwhile; a Work that looks at it uses stop_if().
using Work = std::function<Convert(const std::atomic<bool>& cancelled)>;

inline void stop_if(const std::atomic<bool>& cancelled) {
  if (cancelled) throw Error("cancelled", "Cancelled.");
}

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  struct Hooks {
    std::function<void()> cancel;    // asks the running job to end soon; from the JS thread
    std::function<void()> last;      // the last thing on the worker's thread: frees what jobs used
    std::function<void()> released;  // on the JS thread, after the thread has ended
    std::function<void(Napi::Env, Worker&, double share)> on_progress;  // on the JS thread, after report()
  };

  // All public functions but report() are for the JS thread that made the worker.
  static std::shared_ptr<Worker> start(Napi::Env env, const char* name, Hooks hooks);
  ~Worker() = default;

  Napi::Promise run(Napi::Env env, Work work);  // cancellable
  void post(Work work);                         // nobody waits for it; must not throw
  // Ends the oldest job that somebody waits for; it rejects with `cancelled`. Nothing if there is none.
  void cancel();
  // No more jobs. `drop`: cancels those there are; otherwise they are done first. Does not wait.
  void close(bool drop);
  bool closed() const { return closed_; }
  // The latest progress of the running job, 0 to 1; from the worker's thread.
  void report(double share);

 private:
  struct Job {
    Work work;
    std::optional<Napi::Promise::Deferred> waiting;
    std::atomic<bool> cancelled = false;
    Convert convert;
    std::optional<Failure> failure;
  };
  explicit Worker(Hooks hooks) : hooks_(std::move(hooks)) {}
  static void on_signal(napi_env env, napi_value, void* self, void*);
  static void on_environment_end(void* self);

  void loop();
  void perform(Job& job);
  void signal();
  void enqueue(std::unique_ptr<Job> job);
  void settle_finished(Napi::Env env);
  void settle(Napi::Env env, Job& job);
  void release();

  Hooks hooks_;
  napi_env env_ = nullptr;
  napi_threadsafe_function signal_ = nullptr;  // wakes the JS thread
  std::thread thread_;

  // Only the JS thread:
  int64_t pending_ = 0;
  bool closed_ = false, released_ = false;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Job>> queue_, finished_;
  Job* running_ = nullptr;
  bool stop_ = false, ended_ = false;
  double progress_ = -1;  // -1: nothing new
};

// Hooks that call a JS function with the share that is done; it cancels by returning false or throwing. No function, no
// hooks.
Worker::Hooks report_to(const Napi::Value& callback);

}  // namespace engram::binding
