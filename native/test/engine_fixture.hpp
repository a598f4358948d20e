// What tests of the engine share: the real llama.cpp, a tiny Llama, and somebody who takes the answers. Not here:
// tests.
#pragma once

#include <chrono>
#include <filesystem>
#include <future>

#include "../generate/engine.hpp"
#include "check.hpp"
#include "fixtures.hpp"

namespace engram {

constexpr int kContext = 256, kBlock = 16;

inline const std::shared_ptr<const LlamaLibrary>& llama() {
  static const auto library = [] {
    const std::string path = fixtures::library("libllama.v");
    // What node-llama-cpp does when it is loaded.
    const SharedLibrary loaded(path);
    loaded.find<decltype(&ggml_backend_load_all_from_path)>("ggml_backend_load_all_from_path")(
        std::filesystem::path(path).parent_path().c_str());
    loaded.find<decltype(&llama_log_set)>("llama_log_set")([](ggml_log_level, const char*, void*) {}, nullptr);
    return std::make_shared<const LlamaLibrary>(path);
  }();
  return library;
}

inline std::shared_ptr<const LanguageModel> tiny(const std::string& name = "tiny-tied") {
  return std::make_shared<const LanguageModel>(llama(), fixtures::path(name + ".gguf"), LanguageModelOptions{});
}

inline std::unique_ptr<Engine> engine_of(int lanes = 1) {
  return std::make_unique<Engine>(tiny(), ContextOptions{kContext, lanes, kBlock, 1}, std::make_shared<Cores>(1));
}

struct Outcome {
  std::vector<GeneratedToken> tokens;
  GenerationResult result{};
  std::string error;

  std::vector<Token> ids() const {
    std::vector<Token> out;
    for (const GeneratedToken& token : tokens) out.push_back(token.token);
    return out;
  }
};

class Collector : public GenerationSink {
 public:
  void tokens(std::vector<GeneratedToken> tokens) override {
    for (GeneratedToken& token : tokens) outcome_.tokens.push_back(std::move(token));
    if (!std::exchange(begun_, true)) first.set_value();
  }
  void finished(const GenerationResult& result) override {
    outcome_.result = result;
    done.set_value(std::move(outcome_));
  }
  void failed(std::exception_ptr reason) override {
    try {
      std::rethrow_exception(reason);
    } catch (const Error& error) {
      outcome_.error = error.code;
    } catch (const std::exception& error) {
      outcome_.error = error.what();
    }
    done.set_value(std::move(outcome_));
  }
  std::promise<void> first;
  std::promise<Outcome> done;

 private:
  Outcome outcome_;
  bool begun_ = false;
};

inline GenerationRequest request(std::vector<Token> prompt, int max_tokens) {
  GenerationRequest out;
  out.prompt = std::move(prompt);
  out.max_tokens = max_tokens;
  return out;
}

inline std::vector<Token> prompt_of(int length, int seed = 0) {
  std::vector<Token> out;
  for (int i = 0; i < length; ++i) out.push_back(10 + (i * 7 + seed * 13) % 80);
  return out;
}

inline Outcome run(Engine& engine, GenerationRequest given) {
  const auto sink = std::make_shared<Collector>();
  auto done = sink->done.get_future();
  engine.submit(std::move(given), sink);
  return done.get();
}

}  // namespace engram
