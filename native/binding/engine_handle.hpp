// The JS object of an engine: checks requests, hands tokens and results over. Not here: generating
// (generate/engine.hpp).
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "../generate/engine.hpp"
#include "mailbox.hpp"
#include "napi.hpp"

namespace engram::binding {

class EngineHandle : public Napi::ObjectWrap<EngineHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object make(Napi::Env env, std::shared_ptr<Engine> engine);

  explicit EngineHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  struct Desk;  // what the JS thread knows of the calls that are under way

  Napi::Value computes(const Napi::CallbackInfo& info);
  Napi::Value use(const Napi::CallbackInfo& info);
  Napi::Value generate(const Napi::CallbackInfo& info);
  void cancel(const Napi::CallbackInfo& info);
  Napi::Value save(const Napi::CallbackInfo& info);
  Napi::Value restore(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  const std::shared_ptr<Engine>& engine() const;  // throws `usage` when closed
  // A promise of what `action` finds on the engine's thread.
  Napi::Value ask(Napi::Env env, std::function<std::function<Napi::Value(Napi::Env)>(Context&)> action);

  std::shared_ptr<Desk> desk_;
};

}  // namespace engram::binding
