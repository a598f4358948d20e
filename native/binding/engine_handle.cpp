// Engines in JS (see engine_handle.hpp).
#include "engine_handle.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "arguments.hpp"
#include "environment.hpp"
#include "failure.hpp"
#include "language_model_handle.hpp"
#include "worker.hpp"

namespace engram::binding {

// The JS thread only; the engine's thread reaches it by letters that carry the number of a call.
struct EngineHandle::Desk {
  struct Call {
    Napi::Promise::Deferred waiting;
    Napi::FunctionReference on_tokens;  // empty but for answers
  };
  std::shared_ptr<Engine> engine;  // null when closed
  std::shared_ptr<Mailbox> mailbox;
  std::map<uint32_t, Call> calls;
  uint32_t next = 1;
  std::shared_ptr<Desk> kept;  // itself, until the mailbox closes: the handle may go while somebody waits for a promise

  uint32_t begin(Napi::Env env, Napi::FunctionReference on_tokens = {}) {
    const uint32_t number = next++;
    calls.emplace(number, Call{Napi::Promise::Deferred::New(env), std::move(on_tokens)});
    mailbox->wait(env);
    return number;
  }
  // The promise is settled with what `convert` makes.
  void end(Napi::Env env, uint32_t number, const Convert& convert) {
    const auto at = calls.find(number);
    if (at == calls.end()) return;
    const Napi::Promise::Deferred waiting = at->second.waiting;
    calls.erase(at);
    mailbox->waited(env);
    settle(env, waiting, convert);
    if (kept != nullptr && engine != nullptr && calls.empty()) mailbox->close();
  }
  // Nobody can reach the engine any more. What is being computed is done first.
  static void abandon(const std::shared_ptr<Desk>& desk) {
    if (desk->calls.empty()) return desk->mailbox->close();
    desk->kept = desk;
  }

 private:
  static void settle(Napi::Env env, const Napi::Promise::Deferred& waiting, const Convert& convert) {
    Failure failure;
    try {
      waiting.Resolve(convert(env));
      return;
    } catch (...) {
      failure = Failure::current();
    }
    waiting.Reject(failure.to_js(env));
  }
};

namespace {

constexpr int64_t kMostTokens = 1 << 24;
constexpr int kMostLikeliest = 1000;
constexpr double kMostFloat = std::numeric_limits<float>::max();

float in_range(const Napi::Object& from, const char* name, double least, double most) {
  const double value = number(from.Get(name), name);
  if (value < least || value > most) throw Error("usage", std::string(name) + " is out of range.");
  return static_cast<float>(value);
}

Sampling sampling_of(const Napi::Object& in, const LanguageModel& model) {
  Sampling out;
  const auto whole = [&](const char* name, int64_t least, int64_t most) {
    return static_cast<int>(integer(in.Get(name), name, least, most));
  };
  const int most = std::numeric_limits<int>::max();
  out.temperature = in_range(in, "temperature", 0, kMostFloat);
  out.top_k = whole("topK", 0, most);
  out.top_p = in_range(in, "topP", 0, 1);
  out.min_p = in_range(in, "minP", 0, 1);
  out.typical_p = in_range(in, "typicalP", 0, 1);
  out.xtc_probability = in_range(in, "xtcProbability", 0, 1);
  out.xtc_threshold = in_range(in, "xtcThreshold", 0, 1);
  out.penalty_tokens = whole("penaltyTokens", -1, most);
  out.repeat_penalty = in_range(in, "repeatPenalty", std::numeric_limits<float>::min(), kMostFloat);
  out.frequency_penalty = in_range(in, "frequencyPenalty", -kMostFloat, kMostFloat);
  out.presence_penalty = in_range(in, "presencePenalty", -kMostFloat, kMostFloat);
  out.dry_multiplier = in_range(in, "dryMultiplier", 0, kMostFloat);
  out.dry_base = in_range(in, "dryBase", 1, kMostFloat);
  out.dry_allowed_length = whole("dryAllowedLength", 0, most);
  out.mirostat_tau = in_range(in, "mirostatTau", 0, kMostFloat);
  out.mirostat_eta = in_range(in, "mirostatEta", 0, kMostFloat);
  out.seed = static_cast<uint32_t>(integer(in.Get("seed"), "seed", 0, std::numeric_limits<uint32_t>::max()));
  const std::vector<Token> biased = token_ids(in.Get("biasTokens"), "biasTokens", model.vocabulary_size());
  const std::vector<float> biases =
      floats(in.Get("biases"), "biases", biased.size(), -std::numeric_limits<float>::max());
  for (size_t i = 0; i < biased.size(); ++i) out.bias.push_back({biased[i], biases[i]});
  if (!in.Get("grammar").IsUndefined()) out.grammar = text(in.Get("grammar"), "grammar");
  return out;
}

std::vector<AdapterUse> adapters_of(const Napi::Value& adapters, const Napi::Value& scales) {
  if (!adapters.IsArray()) throw Error("usage", "adapters must be an array.");
  const Napi::Array given = adapters.As<Napi::Array>();
  const std::vector<float> factors = floats(scales, "scales", given.Length(), -kMostFloat);
  std::vector<AdapterUse> out;
  for (uint32_t i = 0; i < given.Length(); ++i) out.push_back({AdapterHandle::of(given.Get(i)), factors[i]});
  return out;
}

Napi::Value to_js(Napi::Env env, const std::vector<Token>& tokens) {
  Napi::Uint32Array out = Napi::Uint32Array::New(env, tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) out[i] = static_cast<uint32_t>(tokens[i]);
  return out;
}

// For each token the pairs of token and log-probability, its own first, one after the other.
Napi::Value probabilities_to_js(Napi::Env env, const std::vector<GeneratedToken>& tokens) {
  Napi::Array out = Napi::Array::New(env, tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const std::vector<TokenProbability>& from = tokens[i].probabilities;
    Napi::Float64Array to = Napi::Float64Array::New(env, from.size() * 2);
    for (size_t k = 0; k < from.size(); ++k) {
      to[2 * k] = from[k].token;
      to[2 * k + 1] = static_cast<double>(from[k].logprob);
    }
    out.Set(static_cast<uint32_t>(i), to);
  }
  return out;
}

const char* name_of(GenerationResult::Finish finish) {
  switch (finish) {
    case GenerationResult::Finish::end:
      return "stop";
    case GenerationResult::Finish::length:
      return "length";
    case GenerationResult::Finish::cancelled:
      return "cancelled";
  }
  return "stop";
}

const char* name_of(Computes who) {
  return who == Computes::own ? "own" : who == Computes::prompts ? "prompts" : "llama";
}

}  // namespace

Napi::Function EngineHandle::define(Napi::Env env) {
  return DefineClass(
      env, "NativeEngine",
      {InstanceAccessor<&EngineHandle::computes>("computes"), InstanceMethod<&EngineHandle::use>("use"),
       InstanceMethod<&EngineHandle::generate>("generate"), InstanceMethod<&EngineHandle::cancel>("cancel"),
       InstanceMethod<&EngineHandle::save>("save"), InstanceMethod<&EngineHandle::restore>("restore"),
       InstanceMethod<&EngineHandle::close>("close")});
}

Napi::Object EngineHandle::make(Napi::Env env, std::shared_ptr<Engine> engine) {
  Environment& environment = Environment::of(env);
  environment.engine_to_wrap = std::move(engine);
  return environment.engine_class.New({});
}

EngineHandle::EngineHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  guarded(env, [&] {
    std::shared_ptr<Engine> engine = std::exchange(Environment::of(env).engine_to_wrap, nullptr);
    if (engine == nullptr) throw Error("usage", "A NativeEngine comes from createEngine().");
    desk_ = std::make_shared<Desk>();
    desk_->engine = std::move(engine);
    // When the environment ends, the engine's thread ends before anything that it would write to.
    const auto with = [](std::weak_ptr<Desk> desk, void (*action)(Desk&)) {
      return [desk, action] {
        if (const auto held = desk.lock()) action(*held);
      };
    };
    desk_->mailbox = Mailbox::open(
        env, "engram.engine",
        {.stop = with(desk_, [](Desk& desk) { desk.engine.reset(); }), .forget = with(desk_, [](Desk& desk) {
                                                                         desk.calls.clear();
                                                                         desk.kept.reset();
                                                                       })});
  });
}

void EngineHandle::Finalize(Napi::BasicEnv) {
  if (desk_ != nullptr && desk_->engine != nullptr) Desk::abandon(desk_);
}

const std::shared_ptr<Engine>& EngineHandle::engine() const {
  if (desk_->engine == nullptr) throw Error("usage", "The engine is closed.");
  return desk_->engine;
}

Napi::Value EngineHandle::ask(Napi::Env env, std::function<Convert(Context&)> action) {
  const std::shared_ptr<Engine> engine = this->engine();
  const uint32_t number = desk_->begin(env);
  const Napi::Promise promise = desk_->calls.at(number).waiting.Promise();
  engine->post(
      [number, action = std::move(action), mailbox = desk_->mailbox, desk = std::weak_ptr(desk_)](Context& context) {
        Convert convert;
        try {
          convert = action(context);
        } catch (...) {
          convert = [reason = std::current_exception()](Napi::Env) -> Napi::Value { std::rethrow_exception(reason); };
        }
        mailbox->post([number, convert, desk](Napi::Env env) {
          if (const auto held = desk.lock()) held->end(env, number, convert);
        });
      });
  return promise;
}

// "llama", "prompts" or "own"
Napi::Value EngineHandle::computes(const Napi::CallbackInfo& info) {
  return guarded(info.Env(),
                 [&]() -> Napi::Value { return Napi::String::New(info.Env(), name_of(engine()->computes())); });
}

// use(adapters, scales) → promise
Napi::Value EngineHandle::use(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::vector<AdapterUse> uses = adapters_of(info[0], info[1]);
    return ask(env, [uses](Context& context) -> Convert {
      context.use(uses);
      return [](Napi::Env env) { return env.Undefined(); };
    });
  });
}

// generate({prompt, prefix, adapters?, scales, adaptedFrom, maxTokens, endTokens, sampling, likeliest, lookup,
// expected, insists}, onTokens(tokens, probabilities?)) → {id, done: promise of {finish, lane, reusedTokens,
// guessedTokens}}
Napi::Value EngineHandle::generate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::shared_ptr<Engine> engine = this->engine();
    const LanguageModel& model = engine->model();
    const Napi::Object in = object(info[0], "request");
    GenerationRequest request;
    request.prompt = token_ids(in.Get("prompt"), "prompt", model.vocabulary_size());
    request.prefix =
        static_cast<size_t>(integer(in.Get("prefix"), "prefix", 0, static_cast<int64_t>(request.prompt.size())));
    request.end_tokens = token_ids(in.Get("endTokens"), "endTokens", model.vocabulary_size());
    request.max_tokens = static_cast<int>(integer(in.Get("maxTokens"), "maxTokens", 1, kMostTokens));
    request.likeliest = static_cast<int>(integer(in.Get("likeliest"), "likeliest", -1, kMostLikeliest));
    request.sampling = sampling_of(object(in.Get("sampling"), "sampling"), model);
    request.lookup = in.Get("lookup").ToBoolean();
    request.expected = token_ids(in.Get("expected"), "expected", model.vocabulary_size());
    request.insists = in.Get("insists").ToBoolean();
    if (request.insists && request.expected.size() < static_cast<size_t>(request.max_tokens)) {
      throw Error("usage", "An answer that is insisted on has maxTokens tokens.");
    }
    if (!in.Get("adapters").IsUndefined()) {
      request.adapters = adapters_of(in.Get("adapters"), in.Get("scales"));
      request.adapted_from = static_cast<size_t>(
          integer(in.Get("adaptedFrom"), "adaptedFrom", 0, static_cast<int64_t>(request.prompt.size()) - 1));
    }
    const size_t tokens = request.prompt.size() + static_cast<size_t>(request.max_tokens);
    if (request.prompt.empty()) throw Error("empty", "The prompt has no tokens.");
    if (tokens > static_cast<size_t>(engine->options().size)) {
      throw Error("too_long", "Prompt and answer have " + std::to_string(tokens) + " tokens, and the context holds " +
                                  std::to_string(engine->options().size) + ".");
    }
    if (!info[1].IsFunction()) throw Error("usage", "onTokens must be a function.");

    class Sink : public GenerationSink {
     public:
      Sink(uint32_t number, bool with_probabilities, std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Desk> desk)
          : number_(number),
            with_probabilities_(with_probabilities),
            mailbox_(std::move(mailbox)),
            desk_(std::move(desk)) {}

      void tokens(std::vector<GeneratedToken> tokens) override {
        auto kept = std::make_shared<std::vector<GeneratedToken>>(std::move(tokens));
        mailbox_->post([number = number_, desk = desk_, kept, with = with_probabilities_](Napi::Env env) {
          const auto held = desk.lock();
          if (held == nullptr) return;
          const auto at = held->calls.find(number);
          if (at == held->calls.end()) return;
          std::vector<Token> ids;
          for (const GeneratedToken& token : *kept) ids.push_back(token.token);
          const Napi::Function call = at->second.on_tokens.Value();
          call.Call({to_js(env, ids), with ? probabilities_to_js(env, *kept) : env.Undefined()});
        });
      }
      void finished(const GenerationResult& result) override {
        end([result](Napi::Env env) -> Napi::Value {
          Napi::Object out = Napi::Object::New(env);
          out.Set("finish", name_of(result.finish));
          out.Set("lane", result.lane);
          out.Set("reusedTokens", result.reused_tokens);
          out.Set("guessedTokens", result.guessed_tokens);
          return out;
        });
      }
      void failed(std::exception_ptr reason) override {
        end([reason](Napi::Env) -> Napi::Value { std::rethrow_exception(reason); });
      }

     private:
      void end(Convert convert) {
        mailbox_->post([number = number_, desk = desk_, convert = std::move(convert)](Napi::Env env) {
          if (const auto held = desk.lock()) held->end(env, number, convert);
        });
      }
      const uint32_t number_;
      const bool with_probabilities_;
      const std::shared_ptr<Mailbox> mailbox_;
      const std::weak_ptr<Desk> desk_;
    };

    const bool with_probabilities = request.likeliest >= 0;
    const uint32_t number = desk_->begin(env, Napi::Persistent(info[1].As<Napi::Function>()));
    Napi::Object out = Napi::Object::New(env);
    out.Set("done", desk_->calls.at(number).waiting.Promise());
    const uint64_t id =
        engine->submit(std::move(request), std::make_shared<Sink>(number, with_probabilities, desk_->mailbox, desk_));
    out.Set("id", static_cast<double>(id));
    return out;
  });
}

void EngineHandle::cancel(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&] {
    if (desk_->engine != nullptr) {
      desk_->engine->cancel(static_cast<uint64_t>(integer(info[0], "id", 0, kMostBytes)));
    }
  });
}

// save(lane) → promise of {tokens, prefix, state}
Napi::Value EngineHandle::save(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const int lane = static_cast<int>(integer(info[0], "lane", 0, engine()->options().lanes - 1));
    return ask(info.Env(), [lane](Context& context) -> Convert {
      const std::span<const Token> whole = context.whole(lane);
      auto tokens = std::make_shared<std::vector<Token>>(whole.begin(), whole.end());
      auto state = std::make_shared<std::vector<uint8_t>>(context.save(lane));
      return [tokens, state, prefix = context.prefix(lane)](Napi::Env env) -> Napi::Value {
        Napi::Object out = Napi::Object::New(env);
        out.Set("tokens", to_js(env, *tokens));
        out.Set("prefix", static_cast<double>(prefix));
        out.Set("state", Napi::Buffer<uint8_t>::Copy(env, state->data(), state->size()));
        return out;
      };
    });
  });
}

// restore(lane, tokens, prefix, state) → promise
Napi::Value EngineHandle::restore(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&]() -> Napi::Value {
    const int lane = static_cast<int>(integer(info[0], "lane", 0, engine()->options().lanes - 1));
    auto tokens =
        std::make_shared<std::vector<Token>>(token_ids(info[1], "tokens", engine()->model().vocabulary_size()));
    const auto prefix = static_cast<size_t>(integer(info[2], "prefix", 0, kMostTokens));
    if (!info[3].IsBuffer()) throw Error("usage", "state must be a Buffer.");
    const Napi::Buffer<uint8_t> given = info[3].As<Napi::Buffer<uint8_t>>();
    auto state = std::make_shared<std::vector<uint8_t>>(given.Data(), given.Data() + given.Length());
    return ask(info.Env(), [lane, tokens, prefix, state](Context& context) -> Convert {
      context.restore(lane, *tokens, prefix, *state);
      return [](Napi::Env env) { return env.Undefined(); };
    });
  });
}

// Ends what is being computed, then frees the context. → promise
Napi::Value EngineHandle::close(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::shared_ptr<Worker> worker = Worker::start(env, "engram.closeEngine", {});
    auto engine = std::make_shared<std::shared_ptr<Engine>>(std::exchange(desk_->engine, nullptr));
    if (*engine != nullptr) desk_->kept = desk_;
    const Napi::Promise promise =
        worker->run(env, [engine, desk = std::weak_ptr(desk_), is_open = *engine != nullptr](const auto&) -> Convert {
          engine->reset();
          return [desk, is_open](Napi::Env env) -> Napi::Value {
            const auto held = desk.lock();
            if (is_open && held != nullptr) held->mailbox->close();
            return env.Undefined();
          };
        });
    worker->close(false);
    return promise;
  });
}

}  // namespace engram::binding
