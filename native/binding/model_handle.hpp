// The JS object of a loaded base model, and openModel() that makes it. Not here: the trainer that it hands out.
#pragma once

#include <memory>

#include "../core/model.hpp"
#include "napi.hpp"

namespace engram::binding {

// A model held for JS: counted as memory of its environment until the last user there has let go. JS thread only.
class HeldModel {
 public:
  HeldModel(Napi::Env env, std::shared_ptr<const Model> model);
  ~HeldModel();
  HeldModel(const HeldModel&) = delete;
  HeldModel& operator=(const HeldModel&) = delete;
  const std::shared_ptr<const Model>& model() const { return model_; }

 private:
  Napi::Env env_;
  std::shared_ptr<const Model> model_;
  int64_t bytes_;
};

class ModelHandle : public Napi::ObjectWrap<ModelHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  static Napi::Object make(Napi::Env env, std::shared_ptr<const Model> model);

  explicit ModelHandle(const Napi::CallbackInfo& info);
  static std::shared_ptr<const Model> of(const Napi::Value& value);  // throws `usage`

 private:
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value create_trainer(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);
  const std::shared_ptr<HeldModel>& held() const;  // throws `usage` when closed

  std::shared_ptr<HeldModel> held_;
};

// openModel(path, ggmlLibrary, {precision, threads}, onProgress) → promise of a ModelHandle
Napi::Value open_model(const Napi::CallbackInfo& info);
Napi::Value estimate_memory(const Napi::CallbackInfo& info);

Precision precision_of(const Napi::Value& value);
const char* precision_name(Precision precision);

}  // namespace engram::binding
