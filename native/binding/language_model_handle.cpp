// Models and adapters to generate with, in JS (see language_model_handle.hpp).
#include "language_model_handle.hpp"

#include <utility>

#include "../generate/embedding.hpp"
#include "../generate/engine.hpp"
#include "arguments.hpp"
#include "engine_handle.hpp"
#include "environment.hpp"
#include "failure.hpp"
#include "model_handle.hpp"
#include "worker.hpp"

namespace engram::binding {
namespace {

constexpr int64_t kMostContext = 1 << 24;
constexpr int kMostLanes = 64;
constexpr int kMostBlock = 4096;

Token token_of(const LanguageModel& model, const Napi::Value& value) {
  return static_cast<Token>(integer(value, "token", 0, model.vocabulary_size() - 1));
}

// A promise of what `make` finds on a thread of its own.
template <typename Make>
Napi::Promise in_background(Napi::Env env, const char* name, const Napi::Value& on_progress, Make make) {
  const std::shared_ptr<Worker> worker = Worker::start(env, name, report_to(on_progress));
  const Napi::Promise promise = worker->run(env, [make, worker = worker.get()](const auto& cancelled) -> Convert {
    stop_if(cancelled);
    return make(*worker, cancelled);
  });
  worker->close(false);
  return promise;
}

}  // namespace

Napi::Function LanguageModelHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeLanguageModel",
      {InstanceAccessor<&LanguageModelHandle::info>("info"),
       InstanceMethod<&LanguageModelHandle::is_special>("isSpecial"),
       InstanceMethod<&LanguageModelHandle::tokenize>("tokenize"), InstanceMethod<&LanguageModelHandle::text>("text"),
       InstanceMethod<&LanguageModelHandle::load_adapter>("loadAdapter"),
       InstanceMethod<&LanguageModelHandle::embed>("embed"),
       InstanceMethod<&LanguageModelHandle::create_engine>("createEngine"),
       InstanceMethod<&LanguageModelHandle::close>("close")});
}

LanguageModelHandle::LanguageModelHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guarded(info.Env(), [&] {
    model_ = std::exchange(Environment::of(info.Env()).language_model_to_wrap, nullptr);
    if (model_ == nullptr) throw Error("usage", "A NativeLanguageModel comes from loadLanguageModel().");
  });
}

const std::shared_ptr<const LanguageModel>& LanguageModelHandle::model() const {
  if (model_ == nullptr) throw Error("usage", "The model is closed.");
  return model_;
}

Napi::Value LanguageModelHandle::info(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const LanguageModel& model = *this->model();
    const LlamaLibrary& llama = model.llama();
    const llama_vocab* vocabulary = model.vocabulary();
    Napi::Object out = Napi::Object::New(env);
    const auto set = [&](const char* name, Token token) {
      if (token >= 0) out.Set(name, token);
    };
    set("beginOfText", llama.vocab_bos(vocabulary));
    set("endOfSequence", llama.vocab_eos(vocabulary));
    set("endOfTurn", llama.vocab_eot(vocabulary));
    out.Set("addsBeginOfText", llama.vocab_get_add_bos(vocabulary));
    out.Set("vocabularySize", model.vocabulary_size());
    out.Set("isRecurrent", model.is_recurrent());
    out.Set("layers", llama.model_n_layer(model.get()));
    out.Set("bytes", static_cast<double>(model.bytes()));
    return out;
  });
}

Napi::Value LanguageModelHandle::is_special(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    return Napi::Boolean::New(info.Env(), model()->is_special(token_of(*model(), info[0])));
  });
}

Napi::Value LanguageModelHandle::tokenize(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[0].IsString() || !info[1].IsBoolean()) throw Error("usage", "tokenize takes a text and a boolean.");
    const std::vector<Token> tokens =
        model()->tokenize(info[0].As<Napi::String>().Utf8Value(), info[1].As<Napi::Boolean>());
    Napi::Uint32Array out = Napi::Uint32Array::New(env, tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i) out[i] = static_cast<uint32_t>(tokens[i]);
    return out;
  });
}

Napi::Value LanguageModelHandle::text(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::vector<Token> tokens = token_ids(info[0], "tokens", model()->vocabulary_size());
    if (!info[1].IsBoolean()) throw Error("usage", "text takes tokens and a boolean.");
    return Napi::String::New(env, model()->text(tokens, info[1].As<Napi::Boolean>()));
  });
}

Napi::Value LanguageModelHandle::load_adapter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    return in_background(env, "engram.loadAdapter", env.Undefined(),
                         [model = model(), path = binding::text(info[0], "path")](Worker&, const auto&) -> Convert {
                           auto adapter = std::make_shared<const LoadedAdapter>(model, path);
                           return [adapter](Napi::Env env) -> Napi::Value {
                             Environment& environment = Environment::of(env);
                             environment.adapter_to_wrap = adapter;
                             return environment.adapter_class.New({});
                           };
                         });
  });
}

// embed(texts, {pooling, threads}, onProgress) → promise of Float32Arrays
Napi::Value LanguageModelHandle::embed(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    if (!info[0].IsArray()) throw Error("usage", "texts must be an array.");
    const Napi::Array given = info[0].As<Napi::Array>();
    std::vector<std::vector<Token>> texts;
    for (uint32_t i = 0; i < given.Length(); ++i) {
      texts.push_back(token_ids(given.Get(i), "texts", model()->vocabulary_size()));
      if (texts.back().empty()) throw Error("empty", "A text has no tokens.");
      if (texts.back().size() > kMostContext) throw Error("too_long", "A text has too many tokens.");
    }
    const Napi::Object options_given = object(info[1], "options");
    const std::string pooling = binding::text(options_given.Get("pooling"), "pooling");
    EmbeddingOptions options;
    options.threads = static_cast<int>(integer(options_given.Get("threads"), "threads", 1, kMostThreads));
    options.pooling = pooling == "first" ? Pooling::first : pooling == "last" ? Pooling::last : Pooling::mean;
    return in_background(env, "engram.embed", info[2],
                         [model = model(), texts, options](Worker& worker, const auto& cancelled) -> Convert {
                           EmbeddingOptions reporting = options;
                           reporting.on_text = [&](size_t done) {
                             worker.report(static_cast<double>(done) / static_cast<double>(texts.size()));
                           };
                           auto vectors = std::make_shared<const std::vector<std::vector<float>>>(
                               engram::embed(*model, texts, reporting, cancelled));
                           return [vectors](Napi::Env env) -> Napi::Value {
                             Napi::Array out = Napi::Array::New(env, vectors->size());
                             for (size_t i = 0; i < vectors->size(); ++i) {
                               const std::vector<float>& from = (*vectors)[i];
                               Napi::Float32Array to = Napi::Float32Array::New(env, from.size());
                               std::copy(from.begin(), from.end(), to.Data());
                               out.Set(static_cast<uint32_t>(i), to);
                             }
                             return out;
                           };
                         });
  });
}

Napi::Value LanguageModelHandle::create_engine(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const Napi::Object given = object(info[0], "options");
    const auto field = [&](const char* name, int64_t most) {
      return static_cast<int>(integer(given.Get(name), name, 1, most));
    };
    ContextOptions options;
    options.size = field("contextSize", kMostContext);
    options.lanes = field("lanes", kMostLanes);
    options.block = field("block", kMostBlock);
    options.threads = field("threads", kMostThreads);
    const Napi::Value readers = given.Get("weights");
    const std::shared_ptr<const Model> weights = readers.IsUndefined() ? nullptr : ModelHandle::of(readers);
    return in_background(env, "engram.createEngine", env.Undefined(),
                         [model = model(), options, weights](Worker&, const auto&) -> Convert {
                           auto engine = std::make_shared<Engine>(model, options, shared_cores(), weights);
                           return [engine](Napi::Env env) -> Napi::Value { return EngineHandle::make(env, engine); };
                         });
  });
}

void LanguageModelHandle::close(const Napi::CallbackInfo&) { model_.reset(); }

Napi::Function AdapterHandle::define(Napi::Env env) {
  return DefineClass(env, "NativeAdapter", {InstanceMethod<&AdapterHandle::close>("close")});
}

AdapterHandle::AdapterHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  guarded(info.Env(), [&] {
    adapter_ = std::exchange(Environment::of(info.Env()).adapter_to_wrap, nullptr);
    if (adapter_ == nullptr) throw Error("usage", "A NativeAdapter comes from loadAdapter().");
  });
}

std::shared_ptr<const LoadedAdapter> AdapterHandle::of(const Napi::Value& value) {
  const Napi::Object given = object(value, "adapter");
  if (!given.InstanceOf(Environment::of(value.Env()).adapter_class.Value())) {
    throw Error("usage", "adapter must be a NativeAdapter.");
  }
  const auto adapter = Unwrap(given)->adapter_;
  if (adapter == nullptr) throw Error("usage", "The adapter is closed.");
  return adapter;
}

void AdapterHandle::close(const Napi::CallbackInfo&) { adapter_.reset(); }

Napi::Value load_language_model(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::string path = text(info[0], "path"), library = text(info[1], "llamaLibrary");
    const Napi::Object given = object(info[2], "options");
    const int layers = static_cast<int>(integer(given.Get("gpuLayers"), "gpuLayers", -1, 1 << 20));
    const bool only_vocabulary = given.Get("onlyVocabulary").ToBoolean();
    return in_background(env, "engram.loadLanguageModel", info[3],
                         [path, library, layers, only_vocabulary](Worker& worker, const auto& cancelled) -> Convert {
                           LanguageModelOptions options;
                           options.gpu_layers = layers;
                           options.only_vocabulary = only_vocabulary;
                           options.on_progress = [&](double share) {
                             worker.report(share);
                             return !cancelled;
                           };
                           auto model = std::make_shared<const LanguageModel>(
                               std::make_shared<const LlamaLibrary>(library), path, options);
                           stop_if(cancelled);
                           return [model](Napi::Env env) -> Napi::Value {
                             Environment& environment = Environment::of(env);
                             environment.language_model_to_wrap = model;
                             return environment.language_model_class.New({});
                           };
                         });
  });
}

}  // namespace engram::binding
