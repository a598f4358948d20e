// Letters to the JS thread (see mailbox.hpp).
#include "mailbox.hpp"

#include <utility>

#include "../core/error.hpp"

namespace engram::binding {

std::shared_ptr<Mailbox> Mailbox::open(Napi::Env env, const char* name, Ends ends) {
  std::shared_ptr<Mailbox> self(new Mailbox());
  self->env_ = env;
  // The signal keeps the box until node has dropped it: then nothing can call on_signal any more.
  auto* kept = new std::shared_ptr<Mailbox>(self);
  const auto drop = [](napi_env, void* kept, void*) { delete static_cast<std::shared_ptr<Mailbox>*>(kept); };
  if (napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, name), 0, 1, kept, drop, self.get(),
                                      on_signal, &self->signal_) != napi_ok) {
    delete kept;
    throw Error("internal", "Cannot create a thread-safe function.");
  }
  napi_unref_threadsafe_function(env, self->signal_);
  napi_add_env_cleanup_hook(env, on_environment_end, self.get());
  self->ends_ = std::move(ends);
  return self;
}

void Mailbox::post(Letter letter) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = letters_.empty();
    letters_.push_back(std::move(letter));
  }
  if (is_first) napi_call_threadsafe_function(signal_, nullptr, napi_tsfn_nonblocking);
}

void Mailbox::wait(Napi::Env env) {
  if (waiting_++ == 0) napi_ref_threadsafe_function(env, signal_);
}

void Mailbox::waited(Napi::Env env) {
  if (--waiting_ == 0 && !closed_) napi_unref_threadsafe_function(env, signal_);
}

void Mailbox::close() {
  if (std::exchange(closed_, true)) return;
  const Ends ends = std::exchange(ends_, {});
  ends.stop();
  napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  deliver(env_);
  ends.forget();
  napi_release_threadsafe_function(signal_, napi_tsfn_release);  // may free this box, but not before the next tick
}

void Mailbox::on_signal(napi_env env, napi_value, void* self, void*) {
  // Without an environment there is nobody to tell: node is only emptying the queue.
  if (env != nullptr) static_cast<Mailbox*>(self)->deliver(env);
}

void Mailbox::deliver(Napi::Env env) {
  std::deque<Letter> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (const Letter& letter : letters) {
    // An environment that is being terminated refuses every call; nobody waits for the letter then.
    try {
      const Napi::HandleScope scope(env);
      letter(env);
    } catch (...) {
    }
  }
}

void Mailbox::on_environment_end(void* box) {
  const std::shared_ptr<Mailbox> self = static_cast<Mailbox*>(box)->shared_from_this();
  self->closed_ = true;
  const Ends ends = std::exchange(self->ends_, {});
  ends.stop();
  {
    const std::lock_guard lock(self->mutex_);
    self->letters_.clear();
  }
  ends.forget();
  napi_release_threadsafe_function(self->signal_, napi_tsfn_release);
}

}  // namespace engram::binding
