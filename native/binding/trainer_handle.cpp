// A trainer in JS (see trainer_handle.hpp).
#include "trainer_handle.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "arguments.hpp"
#include "environment.hpp"
#include "failure.hpp"

namespace engram::binding {

// Only the worker's thread uses the trainer; the mutex is for cancel(), which comes from the JS thread.
struct TrainerHandle::Session {
  std::mutex mutex;
  std::unique_ptr<Trainer> trainer;
  std::optional<Failure> broken;  // why there is no trainer, or why its examples are not those JS counted

  Trainer& get() {
    if (broken) throw Error(broken->code, broken->message, broken->hint);
    return *trainer;
  }
  void cancel() {
    const std::lock_guard lock(mutex);
    if (trainer != nullptr) trainer->cancel();
  }
  void replace(std::unique_ptr<Trainer> next) {
    {
      const std::lock_guard lock(mutex);
      trainer.swap(next);
    }
  }
};

namespace {

Napi::Value to_js(Napi::Env env, const BatchLoss& loss, double seconds) {
  Napi::Array examples = Napi::Array::New(env, loss.examples.size());
  for (size_t i = 0; i < loss.examples.size(); ++i) {
    const ExampleLoss& from = loss.examples[i];
    Napi::Object to = Napi::Object::New(env);
    to.Set("sumLoss", from.sum_loss);
    to.Set("sumWeights", from.sum_weights);
    to.Set("sumKl", from.sum_kl);
    to.Set("sumKlWeights", from.sum_kl_weights);
    to.Set("maxLoss", from.max_loss);
    to.Set("tokens", static_cast<double>(from.tokens));
    to.Set("correct", static_cast<double>(from.correct));
    examples.Set(static_cast<uint32_t>(i), to);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("examples", examples);
  out.Set("computedTokens", static_cast<double>(loss.computed_tokens));
  out.Set("flop", loss.flop);
  out.Set("seconds", seconds);
  return out;
}

// Hands the values to JS without copying them, where the runtime allows it.
Napi::Value to_js(Napi::Env env, std::shared_ptr<std::vector<float>> values) {
  const size_t count = values->size(), bytes = count * sizeof(float);
  auto* kept = new std::shared_ptr<std::vector<float>>(values);
  const auto drop = [](napi_env, void*, void* kept) { delete static_cast<std::shared_ptr<std::vector<float>>*>(kept); };
  napi_value buffer = nullptr;
  if (napi_create_external_arraybuffer(env, values->data(), bytes, drop, kept, &buffer) != napi_ok) {
    delete kept;
    Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(env, bytes);
    std::copy(values->begin(), values->end(), static_cast<float*>(copy.Data()));
    buffer = copy;
  }
  return Napi::Float32Array::New(env, count, Napi::ArrayBuffer(env, buffer), 0);
}

// A, B, their gradients and two moments each.
int64_t adapter_bytes(const Model& model, const LoraConfig& lora) {
  int64_t values = 0;
  for (const auto& layer : model.shapes()) {
    for (Target target : lora.targets) {
      const Shape& shape = layer[static_cast<size_t>(target)];
      values += lora.rank * (shape.n_in + shape.n_out);
    }
  }
  for (const RankException& e : lora.ranks) {
    if (e.layer >= static_cast<int>(model.shapes().size())) continue;  // the trainer will refuse it
    const Shape shape = model.shapes()[e.layer][static_cast<size_t>(e.target)];
    values += (e.rank - lora.rank) * (shape.n_in + shape.n_out);
  }
  return values * 4 * static_cast<int64_t>(sizeof(float));
}

}  // namespace

Napi::Function TrainerHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeTrainer",
      {InstanceMethod<&TrainerHandle::add>("add"), InstanceMethod<&TrainerHandle::backward>("backward"),
       InstanceMethod<&TrainerHandle::evaluate>("evaluate"), InstanceMethod<&TrainerHandle::update>("update"),
       InstanceMethod<&TrainerHandle::choices>("choices"), InstanceMethod<&TrainerHandle::logits>("logits"),
       InstanceMethod<&TrainerHandle::save>("save"), InstanceMethod<&TrainerHandle::load>("load"),
       InstanceMethod<&TrainerHandle::save_state>("saveState"), InstanceMethod<&TrainerHandle::load_state>("loadState"),
       InstanceMethod<&TrainerHandle::cancel>("cancel"), InstanceMethod<&TrainerHandle::close>("close")});
}

Napi::Object TrainerHandle::make(Napi::Env env, std::shared_ptr<HeldModel> model, LoraConfig lora,
                                 OptimizerConfig optimizer, int threads, int64_t memory_limit) {
  Environment& environment = Environment::of(env);
  environment.trainer_to_wrap = std::make_unique<Environment::TrainerToWrap>(
      Environment::TrainerToWrap{std::move(model), std::move(lora), optimizer, threads, memory_limit});
  return environment.trainer_class.New({});
}

TrainerHandle::TrainerHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  guarded(env, [&] {
    const auto given = std::move(Environment::of(env).trainer_to_wrap);
    if (given == nullptr) throw Error("usage", "A NativeTrainer comes from createTrainer().");
    const std::shared_ptr<const Model> model = given->model->model();
    vocabulary_ = model->config.n_vocab;
    context_ = model->config.n_ctx;
    session_ = std::make_shared<Session>();
    const int64_t bytes = adapter_bytes(*model, given->lora);

    Worker::Hooks hooks;
    hooks.cancel = [session = session_] { session->cancel(); };
    hooks.last = [session = session_] { session->replace(nullptr); };
    hooks.released = [env = napi_env(env), bytes, held = given->model] {
      int64_t now = 0;
      napi_adjust_external_memory(env, -bytes, &now);
    };
    Napi::MemoryManagement::AdjustExternalMemory(env, bytes);
    worker_ = Worker::start(env, "engram.trainer", std::move(hooks));
    // Drawing the initial values of a large adapter takes a while, so that too is a job.
    worker_->post([session = session_, model, lora = given->lora, optimizer = given->optimizer,
                   threads = given->threads, limit = given->memory_limit](const auto&) -> Convert {
      try {
        session->replace(std::make_unique<Trainer>(model, lora, optimizer, threads, limit, shared_cores()));
      } catch (...) {
        session->broken = Failure::current();
      }
      return {};
    });
  });
}

void TrainerHandle::Finalize(Napi::BasicEnv) {
  // Nobody can reach the trainer any more, but somebody may still wait for a promise: what is queued is done first.
  if (worker_ != nullptr) worker_->close(false);
}

void TrainerHandle::require_open() const {
  if (worker_ == nullptr || worker_->closed()) throw Error("usage", "The trainer is closed.");
}

Napi::Value TrainerHandle::add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    require_open();
    Example example;
    example.tokens = token_ids(info[0], "tokens", vocabulary_);
    const size_t n = example.tokens.size();
    if (n < 2) throw Error("empty", "An example needs at least two tokens.");
    if (static_cast<int64_t>(n) > context_) {
      throw Error("too_long", "An example has " + std::to_string(n) + " tokens, and the model's context has " +
                                  std::to_string(context_) + ".");
    }
    example.weights = floats(info[1], "weights", n, 0);
    if (!info[2].IsUndefined()) example.kl_weights = floats(info[2], "klWeights", n, 0);
    if (!info[3].IsUndefined()) example.adapted_from = integer(info[3], "adaptedFrom", 0, context_);
    worker_->post([session = session_, example = std::move(example)](const auto&) mutable -> Convert {
      try {
        if (!session->broken) session->get().add(std::move(example));
      } catch (...) {
        session->broken = Failure::current();  // from here on the indices that JS has would be wrong
      }
      return {};
    });
    return Napi::Number::New(env, static_cast<double>(examples_++));
  });
}

Napi::Value TrainerHandle::pass(const Napi::CallbackInfo& info, Pass method, bool train) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    require_open();
    auto items = batch(info[0], info[1], info[2], examples_);
    return worker_->run(env, [session = session_, method, train, items](const auto& cancelled) -> Convert {
      Trainer& trainer = session->get();
      // The core clears the gradients of a pass that it cancels; so does one cancelled before or after the core ran.
      const auto stop = [&] {
        if (cancelled && train) trainer.discard();
        stop_if(cancelled);
      };
      stop();
      const auto start = std::chrono::steady_clock::now();
      BatchLoss loss = (trainer.*method)(items, &cancelled);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      stop();
      return [loss = std::move(loss), seconds](Napi::Env env) { return to_js(env, loss, seconds); };
    });
  });
}

Napi::Value TrainerHandle::backward(const Napi::CallbackInfo& info) { return pass(info, &Trainer::backward, true); }

Napi::Value TrainerHandle::evaluate(const Napi::CallbackInfo& info) { return pass(info, &Trainer::evaluate, false); }

Napi::Value TrainerHandle::update(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    require_open();
    double rate = -1;  // the configured one
    if (!info[0].IsUndefined()) {
      rate = number(info[0], "learningRate");
      if (rate < 0) throw Error("usage", "learningRate must not be negative.");
    }
    return worker_->run(env, [session = session_, rate](const auto& cancelled) -> Convert {
      stop_if(cancelled);
      const UpdateResult result = session->get().update(rate);
      return [result](Napi::Env env) -> Napi::Value {
        Napi::Object out = Napi::Object::New(env);
        out.Set("gradNorm", result.grad_norm);
        out.Set("step", static_cast<double>(result.step));
        return out;
      };
    });
  });
}

Napi::Value TrainerHandle::choices(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    require_open();
    if (!info[0].IsArray()) throw Error("usage", "sequences must be an array.");
    const auto all = info[0].As<Napi::Array>();
    std::vector<Sequence> sequences(all.Length());
    for (uint32_t i = 0; i < sequences.size(); ++i) {
      const Napi::Object from = object(all.Get(i), "a sequence");
      sequences[i].tokens = token_ids(from.Get("tokens"), "tokens", vocabulary_);
      sequences[i].adapted_from = integer(from.Get("adaptedFrom"), "adaptedFrom", 0, context_);
    }
    auto among = token_ids(info[1], "choices", vocabulary_);
    return worker_->run(env,
                        [session = session_, sequences = std::move(sequences),
                         among = std::move(among)](const auto& cancelled) mutable -> Convert {
                          stop_if(cancelled);
                          auto values = std::make_shared<std::vector<float>>(
                              session->get().choices(std::move(sequences), among, &cancelled));
                          stop_if(cancelled);
                          return [values](Napi::Env env) { return to_js(env, values); };
                        });
  });
}

Napi::Value TrainerHandle::logits(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    require_open();
    auto tokens = token_ids(info[0], "tokens", vocabulary_);
    return worker_->run(env, [session = session_, tokens](const auto& cancelled) -> Convert {
      stop_if(cancelled);
      auto values = std::make_shared<std::vector<float>>(session->get().logits(tokens, &cancelled));
      stop_if(cancelled);
      return [values](Napi::Env env) { return to_js(env, values); };
    });
  });
}

Napi::Value TrainerHandle::file(const Napi::CallbackInfo& info, void (*use)(Trainer&, const std::string&)) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    require_open();
    return worker_->run(env, [session = session_, use, path = text(info[0], "path")](const auto& cancelled) -> Convert {
      stop_if(cancelled);
      use(session->get(), path);
      return [](Napi::Env env) { return env.Undefined(); };
    });
  });
}

Napi::Value TrainerHandle::save(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::string type = info[1].IsUndefined() ? "f32" : text(info[1], "type");
    if (type != "f32" && type != "f16") throw Error("usage", "type must be f32 or f16.");
    if (type == "f32") return file(info, [](Trainer& trainer, const std::string& path) { trainer.save(path); });
    return file(info, [](Trainer& trainer, const std::string& path) { trainer.save(path, AdapterType::f16); });
  });
}

Napi::Value TrainerHandle::load(const Napi::CallbackInfo& info) {
  return file(info, [](Trainer& trainer, const std::string& path) { trainer.load(path); });
}

Napi::Value TrainerHandle::save_state(const Napi::CallbackInfo& info) {
  return file(info, [](Trainer& trainer, const std::string& path) { trainer.save_state(path); });
}

Napi::Value TrainerHandle::load_state(const Napi::CallbackInfo& info) {
  return file(info, [](Trainer& trainer, const std::string& path) { trainer.load_state(path); });
}

void TrainerHandle::cancel(const Napi::CallbackInfo&) {
  if (worker_ != nullptr && !worker_->closed()) worker_->cancel();
}

void TrainerHandle::close(const Napi::CallbackInfo&) {
  if (worker_ != nullptr && !worker_->closed()) worker_->close(true);
}

}  // namespace engram::binding
