// The JS object of a trainer: checks arguments, queues the call on the trainer's own thread, converts results. Not
// here: the training step (core/trainer.hpp) and the loop around it (src/training/run.ts).
#pragma once

#include <memory>
#include <vector>

#include "../core/trainer.hpp"
#include "model_handle.hpp"
#include "napi.hpp"
#include "worker.hpp"

namespace engram::binding {

class TrainerHandle : public Napi::ObjectWrap<TrainerHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object make(Napi::Env env, std::shared_ptr<HeldModel> model, LoraConfig lora, OptimizerConfig optimizer,
                           int threads, int64_t memory_limit);

  explicit TrainerHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  struct Session;  // the core's Trainer, made and used on the worker's thread

  Napi::Value add(const Napi::CallbackInfo& info);
  Napi::Value backward(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value update(const Napi::CallbackInfo& info);
  Napi::Value choices(const Napi::CallbackInfo& info);
  Napi::Value logits(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value load(const Napi::CallbackInfo& info);
  Napi::Value save_state(const Napi::CallbackInfo& info);
  Napi::Value load_state(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  using Pass = BatchLoss (Trainer::*)(const std::vector<BatchItem>&, const std::atomic<bool>*);
  Napi::Value pass(const Napi::CallbackInfo& info, Pass method, bool train);
  // A call that reads or writes the file it is given.
  Napi::Value file(const Napi::CallbackInfo& info, void (*use)(Trainer&, const std::string&));
  void require_open() const;

  std::shared_ptr<Session> session_;
  std::shared_ptr<Worker> worker_;
  int64_t vocabulary_ = 0, context_ = 0;
  int64_t examples_ = 0;
};

}  // namespace engram::binding
