// A model that llama.cpp has loaded to generate with: its weights, vocabulary and adapters. Not here: contexts, which
// compute with it (context.hpp), and training, which reads the same file for itself (core/model.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/adapter.hpp"
#include "../core/adapter_check.hpp"
#include "llama_library.hpp"

namespace engram {

using Token = llama_token;

struct LanguageModelOptions {
  bool only_vocabulary = false;             // no weights: it tokenises, nothing else
  int gpu_layers = -1;                      // layers to keep on a GPU where there is one; below 0: all
  std::function<bool(double)> on_progress;  // a share from 0 to 1; false cancels. From the loading thread.
};

class LanguageModel {
 public:
  // Maps the file. Throws `cancelled`, as AdaptedModel::read(), and `corrupt` for whatever llama.cpp refuses: its log
  // says why.
  LanguageModel(std::shared_ptr<const LlamaLibrary> library, const std::string& path,
                const LanguageModelOptions& options);
  ~LanguageModel();
  LanguageModel(const LanguageModel&) = delete;
  LanguageModel& operator=(const LanguageModel&) = delete;

  const LlamaLibrary& llama() const { return *library_; }
  llama_model* get() const { return model_; }
  const llama_vocab* vocabulary() const { return vocabulary_; }

  int vocabulary_size() const { return llama().vocab_n_tokens(vocabulary_); }
  uint64_t bytes() const { return llama().model_size(model_); }
  // Its state cannot be cut back to an earlier token.
  bool is_recurrent() const { return llama().model_is_recurrent(model_) || llama().model_is_hybrid(model_); }
  // A token that stands for no text: one that controls, or is written only where that is asked for.
  bool is_special(Token token) const;
  // What its adapters must fit; nothing of a model that only tokenises.
  const AdaptedModel& adapted() const { return adapted_; }

  // Nothing is added. Special tokens in the text are found only with `parse_special`.
  std::vector<Token> tokenize(std::string_view text, bool parse_special) const;
  // UTF-8, perhaps ending within a character. Special tokens are written only with `special`.
  std::string text(std::span<const Token> tokens, bool special) const;

 private:
  std::shared_ptr<const LlamaLibrary> library_;
  AdaptedModel adapted_;
  llama_model* model_ = nullptr;
  const llama_vocab* vocabulary_ = nullptr;
};

// A LoRA adapter of a model. Whoever applies it to a context keeps it. Its file is checked at once and read by whoever
// first computes with it, llama.cpp or our own kernels; it must be there then.
class LoadedAdapter {
 public:
  // Throws as check_adapter().
  LoadedAdapter(std::shared_ptr<const LanguageModel> model, const std::string& path);
  ~LoadedAdapter();
  LoadedAdapter(const LoadedAdapter&) = delete;
  LoadedAdapter& operator=(const LoadedAdapter&) = delete;

  // As llama.cpp has it. Throws `corrupt` for what it refuses all the same: its log says why.
  llama_adapter_lora* get() const;
  // As our own kernels have it. Throws as Adapter::read().
  const std::vector<AdapterPair>& pairs(const Ggml& ggml) const;

 private:
  std::shared_ptr<const LanguageModel> model_;
  const std::string path_;
  uint64_t bytes_ = 0;        // of its file
  mutable std::mutex mutex_;  // guards what follows
  mutable llama_adapter_lora* adapter_ = nullptr;
  mutable std::vector<AdapterPair> pairs_;
};

}  // namespace engram
