// The JS objects of a model to generate with and of its adapters, and the function that loads one. Not here: the engine
// that computes (engine_handle.hpp), the model that is trained (model_handle.hpp).
#pragma once

#include <memory>

#include "../generate/language_model.hpp"
#include "napi.hpp"

namespace engram::binding {

class LanguageModelHandle : public Napi::ObjectWrap<LanguageModelHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit LanguageModelHandle(const Napi::CallbackInfo& info);

 private:
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value is_special(const Napi::CallbackInfo& info);
  Napi::Value tokenize(const Napi::CallbackInfo& info);
  Napi::Value text(const Napi::CallbackInfo& info);
  Napi::Value load_adapter(const Napi::CallbackInfo& info);
  Napi::Value embed(const Napi::CallbackInfo& info);
  Napi::Value create_engine(const Napi::CallbackInfo& info);
  // Lets go of it; it is freed when the last engine and adapter are closed.
  void close(const Napi::CallbackInfo& info);
  const std::shared_ptr<const LanguageModel>& model() const;  // throws `usage` when closed

  std::shared_ptr<const LanguageModel> model_;
};

class AdapterHandle : public Napi::ObjectWrap<AdapterHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit AdapterHandle(const Napi::CallbackInfo& info);
  static std::shared_ptr<const LoadedAdapter> of(const Napi::Value& value);  // throws `usage`

 private:
  void close(const Napi::CallbackInfo& info);

  std::shared_ptr<const LoadedAdapter> adapter_;
};

// loadLanguageModel(path, llamaLibrary, {gpuLayers, onlyVocabulary}, onProgress) → promise of a LanguageModelHandle
Napi::Value load_language_model(const Napi::CallbackInfo& info);

}  // namespace engram::binding
