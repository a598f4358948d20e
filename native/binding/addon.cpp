// The exports of the native addon, all of them; src/training/native.ts describes them in TypeScript.

#include "../core/cpu.hpp"
#include "../core/gemm/gemm.hpp"
#include "adapter_jobs.hpp"
#include "arguments.hpp"
#include "engine_handle.hpp"
#include "environment.hpp"
#include "failure.hpp"
#include "language_model_handle.hpp"
#include "model_handle.hpp"
#include "napi.hpp"
#include "trainer_handle.hpp"
#include "worker.hpp"

namespace engram::binding {
namespace {

constexpr int64_t kMostMeasureMs = 10'000;

// cpuInfo() → {features, kernel, precision, threads}
Napi::Value cpu_info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::vector<std::string> names = cpu_feature_names();
    Napi::Array features = Napi::Array::New(env, names.size());
    for (size_t i = 0; i < names.size(); ++i) features.Set(static_cast<uint32_t>(i), names[i]);
    Napi::Object out = Napi::Object::New(env);
    out.Set("features", features);
    out.Set("kernel", isa_name(best_isa()));
    out.Set("precision", precision_name(default_precision()));
    out.Set("threads", shared_cores()->threads());
    return out;
  });
}

// measurePeak({threads, ms}) → promise of {f32, bf16?, int8?} in GFLOP/s
Napi::Value measure_peak(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Napi::Object options = object(info[0], "options");
    const int threads = static_cast<int>(integer(options.Get("threads"), "threads", 1, kMostThreads));
    const int ms = static_cast<int>(integer(options.Get("ms"), "ms", 1, kMostMeasureMs));
    const std::shared_ptr<Worker> worker = Worker::start(env, "engram.measurePeak", {});
    const Napi::Promise promise = worker->run(env, [threads, ms](const auto& cancelled) -> Convert {
      stop_if(cancelled);
      const Peak peak = engram::measure_peak(threads, ms);
      return [peak](Napi::Env env) -> Napi::Value {
        Napi::Object out = Napi::Object::New(env);
        out.Set("f32", peak.f32);
        if (peak.bf16 > 0) out.Set("bf16", peak.bf16);
        if (peak.int8 > 0) out.Set("int8", peak.int8);
        return out;
      };
    });
    worker->close(false);
    return promise;
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto environment = std::make_unique<Environment>();
  environment->model_class = Napi::Persistent(ModelHandle::define(env));
  environment->trainer_class = Napi::Persistent(TrainerHandle::define(env));
  environment->language_model_class = Napi::Persistent(LanguageModelHandle::define(env));
  environment->adapter_class = Napi::Persistent(AdapterHandle::define(env));
  environment->engine_class = Napi::Persistent(EngineHandle::define(env));
  env.SetInstanceData(environment.release());
  shared_cores();  // begins to watch what other processes take
  exports.Set("cpuInfo", Napi::Function::New<cpu_info>(env, "cpuInfo"));
  exports.Set("measurePeak", Napi::Function::New<measure_peak>(env, "measurePeak"));
  exports.Set("estimateMemory", Napi::Function::New<estimate_memory>(env, "estimateMemory"));
  exports.Set("openModel", Napi::Function::New<open_model>(env, "openModel"));
  exports.Set("mergeAdapters", Napi::Function::New<merge_adapters>(env, "mergeAdapters"));
  exports.Set("fuseAdapters", Napi::Function::New<fuse_adapters>(env, "fuseAdapters"));
  exports.Set("loadLanguageModel", Napi::Function::New<load_language_model>(env, "loadLanguageModel"));
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)

}  // namespace engram::binding
