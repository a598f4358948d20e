// Loads models and adapters, tokenises (see language_model.hpp).
#include "language_model.hpp"

#include <atomic>
#include <climits>
#include <cstdint>
#include <filesystem>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "../core/error.hpp"

namespace engram {
namespace {

// Calls `write(buffer, room)`, which answers how much there is, or minus that if there is more than room.
template <typename Element, typename Write>
std::vector<Element> grown(size_t guess, const Write& write) {
  std::vector<Element> out(guess);
  int32_t count = write(out.data(), static_cast<int32_t>(out.size()));
  if (count < 0 && count != INT32_MIN) {
    out.resize(static_cast<size_t>(-static_cast<int64_t>(count)));
    count = write(out.data(), static_cast<int32_t>(out.size()));
  }
  if (count < 0) throw Error("too_long", "The text is too long for llama.cpp.");
  out.resize(static_cast<size_t>(count));
  return out;
}

}  // namespace

LanguageModel::LanguageModel(std::shared_ptr<const LlamaLibrary> library, const std::string& path,
                             const LanguageModelOptions& options)
    : library_(std::move(library)) {
  struct Watch {
    const LanguageModelOptions& options;
    bool cancelled = false;
  } watch{options};
  if (!options.only_vocabulary) adapted_ = AdaptedModel::read(path);
  llama_model_params params = llama().model_default_params();
  params.vocab_only = options.only_vocabulary;
  params.n_gpu_layers = options.gpu_layers;
  params.progress_callback_user_data = &watch;
  params.progress_callback = [](float share, void* data) {
    auto& watch = *static_cast<Watch*>(data);
    if (watch.options.on_progress && !watch.options.on_progress(share)) watch.cancelled = true;
    return !watch.cancelled;
  };
  model_ = llama().model_load_from_file(path.c_str(), params);
  if (watch.cancelled) {
    if (model_ != nullptr) llama().model_free(model_);
    throw Error("cancelled", "Cancelled.");
  }
  if (model_ == nullptr) throw Error("corrupt", "llama.cpp cannot read the model " + path + ".", "Fetch it again.");
  vocabulary_ = llama().model_get_vocab(model_);
}

LanguageModel::~LanguageModel() { llama().model_free(model_); }

bool LanguageModel::is_special(Token token) const {
  if (llama().vocab_is_control(vocabulary_, token)) return true;
  return text({&token, 1}, false).empty() && !text({&token, 1}, true).empty();
}

std::vector<Token> LanguageModel::tokenize(std::string_view text, bool parse_special) const {
  if (text.size() > INT32_MAX / 2) throw Error("too_long", "The text is too long for llama.cpp.");
  return grown<Token>(text.size() / 2 + 8, [&](Token* out, int32_t room) {
    return llama().tokenize(vocabulary_, text.data(), static_cast<int32_t>(text.size()), out, room, false,
                            parse_special);
  });
}

std::string LanguageModel::text(std::span<const Token> tokens, bool special) const {
  const std::vector<char> bytes = grown<char>(tokens.size() * 6 + 16, [&](char* out, int32_t room) {
    return llama().detokenize(vocabulary_, tokens.data(), static_cast<int32_t>(tokens.size()), out, room, false,
                              special);
  });
  return {bytes.begin(), bytes.end()};
}

namespace {

// llama.cpp's models have a list of their adapters, which several threads may be about to change.
std::mutex list_of_adapters;

// What one thread allocated glibc keeps in heaps of 64 MB until all of one is free, so that the few adapters that are
// kept hold on to several times their size. Now and then it is asked to return the pages that nobody uses.
void give_back([[maybe_unused]] uint64_t freed) {
#ifdef __GLIBC__
  constexpr uint64_t kOften = 64 << 20;
  static std::atomic<uint64_t> since{0};
  if (since.fetch_add(freed) + freed < kOften) return;
  since = 0;
  malloc_trim(0);
#endif
}

}  // namespace

LoadedAdapter::LoadedAdapter(std::shared_ptr<const LanguageModel> model, const std::string& path)
    : model_(std::move(model)), path_(path) {
  check_adapter(path, model_->adapted());
  std::error_code ignored;
  bytes_ = std::filesystem::file_size(path, ignored);
}

llama_adapter_lora* LoadedAdapter::get() const {
  const std::lock_guard lock(mutex_);
  if (adapter_ == nullptr) {
    const std::lock_guard one(list_of_adapters);
    adapter_ = model_->llama().adapter_lora_init(model_->get(), path_.c_str());
  }
  if (adapter_ == nullptr) throw Error("corrupt", "llama.cpp refuses the adapter " + path_ + ".", "Train it again.");
  return adapter_;
}

const std::vector<AdapterPair>& LoadedAdapter::pairs(const Ggml& ggml) const {
  const std::lock_guard lock(mutex_);
  if (pairs_.empty()) pairs_ = Adapter::read(path_, ggml).pairs;
  return pairs_;
}

LoadedAdapter::~LoadedAdapter() {
  if (adapter_ != nullptr) {
    const std::lock_guard one(list_of_adapters);
    model_->llama().adapter_lora_free(adapter_);
  }
  give_back(bytes_);
}

}  // namespace engram
