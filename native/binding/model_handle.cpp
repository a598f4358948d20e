// A loaded base model in JS (see model_handle.hpp).
#include "model_handle.hpp"

#include <utility>

#include "../core/memory.hpp"
#include "arguments.hpp"
#include "environment.hpp"
#include "failure.hpp"
#include "trainer_handle.hpp"
#include "worker.hpp"

namespace engram::binding {

HeldModel::HeldModel(Napi::Env env, std::shared_ptr<const Model> model)
    : env_(env), model_(std::move(model)), bytes_(model_->bytes()) {
  Napi::MemoryManagement::AdjustExternalMemory(env_, bytes_);
}

HeldModel::~HeldModel() {
  int64_t now = 0;
  napi_adjust_external_memory(env_, -bytes_, &now);  // the plain call: a destructor must not throw
}

Napi::Function ModelHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeModel",
      {InstanceAccessor<&ModelHandle::info>("info"), InstanceMethod<&ModelHandle::create_trainer>("createTrainer"),
       InstanceMethod<&ModelHandle::close>("close")});
}

Napi::Object ModelHandle::make(Napi::Env env, std::shared_ptr<const Model> model) {
  Environment& environment = Environment::of(env);
  environment.model_to_wrap = std::move(model);
  return environment.model_class.New({});
}

ModelHandle::ModelHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guarded(info.Env(), [&] {
    std::shared_ptr<const Model> model = std::exchange(Environment::of(info.Env()).model_to_wrap, nullptr);
    if (model == nullptr) throw Error("usage", "A NativeModel comes from openModel().");
    held_ = std::make_shared<HeldModel>(info.Env(), std::move(model));
  });
}

std::shared_ptr<const Model> ModelHandle::of(const Napi::Value& value) {
  const Napi::Object given = object(value, "weights");
  if (!given.InstanceOf(Environment::of(value.Env()).model_class.Value())) {
    throw Error("usage", "weights must be a NativeModel.");
  }
  return Unwrap(given)->held()->model();
}

const std::shared_ptr<HeldModel>& ModelHandle::held() const {
  if (held_ == nullptr) throw Error("usage", "The model is closed.");
  return held_;
}

Napi::Value ModelHandle::info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Model& model = *held()->model();
    Napi::Object out = Napi::Object::New(env);
    out.Set("path", model.path);
    out.Set("architecture", model.config.architecture);
    out.Set("layers", static_cast<double>(model.config.n_layers));
    out.Set("hiddenSize", static_cast<double>(model.config.d_model));
    out.Set("heads", static_cast<double>(model.config.n_heads));
    out.Set("keyValueHeads", static_cast<double>(model.config.n_kv_heads));
    out.Set("vocabularySize", static_cast<double>(model.config.n_vocab));
    out.Set("contextLength", static_cast<double>(model.config.n_ctx));
    out.Set("parameters", static_cast<double>(model.n_parameters));
    out.Set("precision", precision_name(model.precision));
    out.Set("residentBytes", static_cast<double>(model.bytes()));
    return out;
  });
}

Napi::Value ModelHandle::create_trainer(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return TrainerHandle::make(info.Env(), held(), lora_config(info[0]), optimizer_config(info[1]),
                               static_cast<int>(integer(info[2], "threads", 1, kMostThreads)),
                               info[3].IsUndefined() ? 0 : integer(info[3], "memoryLimit", 1, kMostBytes));
  });
}

void ModelHandle::close(const Napi::CallbackInfo&) { held_.reset(); }

Napi::Value open_model(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::string path = text(info[0], "path"), library = text(info[1], "ggmlLibrary");
    const Napi::Object options = object(info[2], "options");
    const Precision precision = precision_of(options.Get("precision"));
    const int threads = static_cast<int>(integer(options.Get("threads"), "threads", 1, kMostThreads));

    const std::shared_ptr<Worker> worker = Worker::start(env, "engram.openModel", report_to(info[3]));
    // The job is done before its worker goes, so the bare pointer lives long enough; a shared one would be a circle.
    const Napi::Promise promise = worker->run(env, [=, worker = worker.get()](const auto& cancelled) -> Convert {
      stop_if(cancelled);
      LoadOptions load;
      load.precision = precision;
      load.threads = threads;
      load.on_progress = [&](double share) {
        worker->report(share);
        return !cancelled;
      };
      std::shared_ptr<const Model> model = Model::load(path, library, load);
      stop_if(cancelled);
      return [model](Napi::Env env) { return ModelHandle::make(env, model); };
    });
    worker->close(false);
    return promise;
  });
}

// estimateMemory(path, ggmlLibrary, {precision?, tokens}, lora) → {model, adapter, least, most} in bytes
Napi::Value estimate_memory(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Napi::Object options = object(info[2], "options");
    const MemoryNeed need = engram::estimate_memory(text(info[0], "path"), text(info[1], "ggmlLibrary"),
                                                    precision_of(options.Get("precision")), lora_config(info[3]),
                                                    integer(options.Get("tokens"), "tokens", 1, int64_t{1} << 31));
    Napi::Object out = Napi::Object::New(env);
    out.Set("model", need.model);
    out.Set("adapter", need.adapter);
    out.Set("least", need.least());
    out.Set("most", need.most());
    return out;
  });
}

Precision precision_of(const Napi::Value& value) {
  if (value.IsUndefined()) return default_precision();
  const std::string name = text(value, "precision");
  if (name == "f32") return Precision::f32;
  if (name == "f16") return Precision::f16;
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  throw Error("usage", "precision must be f32, f16, bf16 or int8.");
}

const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::f16:
      return "f16";
    case Precision::bf16:
      return "bf16";
    case Precision::int8:
      return "int8";
  }
  return "unknown";
}

}  // namespace engram::binding
