// The thread, its queue and the way back to JS (see worker.hpp).
#include "worker.hpp"

#include <utility>

namespace engram::binding {

std::shared_ptr<Worker> Worker::start(Napi::Env env, const char* name, Hooks hooks) {
  std::shared_ptr<Worker> self(new Worker(std::move(hooks)));
  self->env_ = env;
  // The signal keeps the worker alive until node has dropped the signal itself: then nothing can call on_signal any
  // more.
  auto* kept = new std::shared_ptr<Worker>(self);
  const auto drop = [](napi_env, void* kept, void*) { delete static_cast<std::shared_ptr<Worker>*>(kept); };
  const Napi::String resource = Napi::String::New(env, name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, resource, 0, 1, kept, drop, self.get(), on_signal,
                                      &self->signal_) != napi_ok) {
    delete kept;
    throw Error("internal", "Cannot create a thread-safe function.");
  }
  napi_unref_threadsafe_function(env, self->signal_);
  // Hooks run in reverse order: this one before node closes the signal, so that the thread never signals into the void.
  napi_add_env_cleanup_hook(env, on_environment_end, self.get());
  try {
    self->thread_ = std::thread([worker = self.get()] { worker->loop(); });
  } catch (...) {
    self->closed_ = true;
    self->release();
    throw;
  }
  return self;
}

Napi::Promise Worker::run(Napi::Env env, Work work) {
  if (closed_) throw Error("usage", "It is closed.");
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->waiting = Napi::Promise::Deferred::New(env);
  Napi::Promise promise = job->waiting->Promise();
  if (pending_++ == 0) napi_ref_threadsafe_function(env, signal_);
  enqueue(std::move(job));
  return promise;
}

void Worker::post(Work work) {
  if (closed_) throw Error("usage", "It is closed.");
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  enqueue(std::move(job));
}

void Worker::enqueue(std::unique_ptr<Job> job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Worker::cancel() {
  const std::lock_guard lock(mutex_);
  if (running_ != nullptr && running_->waiting) {
    running_->cancelled = true;
    if (hooks_.cancel) hooks_.cancel();
    return;
  }
  for (auto& job : queue_) {
    if (!job->waiting) continue;
    job->cancelled = true;
    return;
  }
}

void Worker::close(bool drop) {
  closed_ = true;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (drop) {
      for (auto& job : queue_) job->cancelled = true;
      if (running_ != nullptr) {
        running_->cancelled = true;
        if (hooks_.cancel) hooks_.cancel();
      }
    }
  }
  wake_.notify_one();
}

void Worker::report(double share) {
  {
    const std::lock_guard lock(mutex_);
    progress_ = share;
  }
  signal();
}

void Worker::loop() {
  for (;;) {
    std::unique_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
      if (queue_.empty()) break;
      job = std::move(queue_.front());
      queue_.pop_front();
      running_ = job.get();
    }
    perform(*job);
    job->work = nullptr;  // what it captured is freed here and not on the JS thread
    {
      const std::lock_guard lock(mutex_);
      running_ = nullptr;
      if (job->waiting) finished_.push_back(std::move(job));
    }
    signal();
  }
  if (hooks_.last) hooks_.last();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  signal();
}

void Worker::perform(Job& job) {
  try {
    job.convert = job.work(job.cancelled);
  } catch (...) {
    job.failure = Failure::current();
  }
}

void Worker::signal() { napi_call_threadsafe_function(signal_, nullptr, napi_tsfn_nonblocking); }

void Worker::on_signal(napi_env env, napi_value, void* self, void*) {
  // Without an environment there is nobody to tell: node is only emptying the queue.
  if (env != nullptr) static_cast<Worker*>(self)->settle_finished(env);
}

void Worker::settle_finished(Napi::Env env) {
  if (released_) return;
  std::deque<std::unique_ptr<Job>> finished;
  bool ended = false;
  double progress = -1;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
    ended = ended_;
    progress = std::exchange(progress_, -1);
  }
  if (progress >= 0 && hooks_.on_progress) hooks_.on_progress(env, *this, progress);
  for (auto& job : finished) {
    settle(env, *job);
    if (--pending_ == 0) napi_unref_threadsafe_function(env, signal_);
  }
  if (ended) release();
}

void Worker::settle(Napi::Env env, Job& job) {
  // An environment that is being terminated refuses every call; the promise is then nobody's.
  try {
    Napi::HandleScope scope(env);
    if (!job.failure) {
      try {
        job.waiting->Resolve(job.convert(env));
        return;
      } catch (...) {
        job.failure = Failure::current();
      }
    }
    job.waiting->Reject(job.failure->to_js(env));
  } catch (...) {
  }
}

void Worker::release() {
  if (std::exchange(released_, true)) return;
  if (thread_.joinable()) thread_.join();
  napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  if (hooks_.released) hooks_.released();
  hooks_ = {};
  napi_release_threadsafe_function(signal_, napi_tsfn_release);  // may free this worker, but not before the next tick
}

void Worker::on_environment_end(void* self) {
  const std::shared_ptr<Worker> worker = static_cast<Worker*>(self)->shared_from_this();
  worker->close(true);
  if (worker->thread_.joinable()) worker->thread_.join();
  // Those who waited are gone with their environment.
  worker->finished_.clear();
  worker->release();
}

Worker::Hooks report_to(const Napi::Value& callback) {
  Worker::Hooks hooks;
  if (!callback.IsFunction()) return hooks;
  auto kept = std::make_shared<Napi::FunctionReference>(Napi::Persistent(callback.As<Napi::Function>()));
  hooks.on_progress = [kept](Napi::Env env, Worker& worker, double share) {
    try {
      const Napi::HandleScope scope(env);
      const Napi::Value answer = kept->Call({Napi::Number::New(env, share)});
      if (answer.IsBoolean() && !answer.As<Napi::Boolean>().Value()) worker.cancel();
    } catch (...) {
      worker.cancel();
    }
  };
  return hooks;
}

}  // namespace engram::binding
