// What the addon keeps per JS environment (each worker_thread has its own), and the one thing that all of a process
// share: who computes on its cores. There are no other globals.
#pragma once

#include <memory>

#include "../core/available_cpus.hpp"
#include "../core/cores.hpp"
#include "../core/lora.hpp"
#include "../core/model.hpp"
#include "../core/optimizer.hpp"
#include "../generate/engine.hpp"
#include "napi.hpp"

namespace engram::binding {

class HeldModel;

// Of the process.
inline std::shared_ptr<Cores> shared_cores() {
  static const auto cores = std::make_shared<Cores>(available_cpus());
  return cores;
}

struct Environment {
  Napi::FunctionReference model_class, trainer_class, language_model_class, adapter_class, engine_class;

  // Set while C++ itself constructs a handle: JS cannot construct one, and nothing of C++ passes through JS arguments.
  std::shared_ptr<const Model> model_to_wrap;
  struct TrainerToWrap {
    std::shared_ptr<HeldModel> model;
    LoraConfig lora;
    OptimizerConfig optimizer;
    int threads;
    int64_t memory_limit;
  };
  std::unique_ptr<TrainerToWrap> trainer_to_wrap;
  std::shared_ptr<const LanguageModel> language_model_to_wrap;
  std::shared_ptr<const LoadedAdapter> adapter_to_wrap;
  std::shared_ptr<Engine> engine_to_wrap;

  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

}  // namespace engram::binding
