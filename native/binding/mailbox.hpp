// The way from threads of ours to the JS thread: letters, run there in their order, with one wake-up for all that lie
// in the box. An open box does not keep the process alive; whoever waits for a letter does. Not here: threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "napi.hpp"

namespace engram::binding {

class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  using Letter = std::function<void(Napi::Env)>;

  // Both are called once, on the JS thread, by close() or when the environment ends. `stop` must see to it that nobody
  // posts any more; after `forget` no letter is delivered. In between close() delivers those that lie there.
  struct Ends {
    std::function<void()> stop, forget;
  };
  static std::shared_ptr<Mailbox> open(Napi::Env env, const char* name, Ends ends);

  void post(Letter letter);  // any thread
  // The JS thread: somebody begins or ends to wait for a letter.
  void wait(Napi::Env env);
  void waited(Napi::Env env);
  void close();  // the JS thread, also from a letter

 private:
  Mailbox() = default;
  static void on_signal(napi_env env, napi_value, void* self, void*);
  static void on_environment_end(void* self);
  void deliver(Napi::Env env);

  napi_env env_ = nullptr;
  napi_threadsafe_function signal_ = nullptr;
  Ends ends_;
  int64_t waiting_ = 0;
  bool closed_ = false;  // the JS thread only, like all above

  std::mutex mutex_;
  std::deque<Letter> letters_;
};

}  // namespace engram::binding
