// Embeds with llama.cpp's own pooling (see embedding.hpp).
#include "embedding.hpp"

#include <algorithm>
#include <cmath>

#include "../core/error.hpp"

namespace engram {
namespace {

// Tokens computed at once: llama.cpp keeps the logits of all of them.
constexpr size_t kBlock = 128;

enum llama_pooling_type type_of(Pooling pooling) {
  switch (pooling) {
    case Pooling::mean:
      return LLAMA_POOLING_TYPE_MEAN;
    case Pooling::first:
      return LLAMA_POOLING_TYPE_CLS;
    case Pooling::last:
      return LLAMA_POOLING_TYPE_LAST;
  }
  return LLAMA_POOLING_TYPE_MEAN;
}

// Adds what a block of a text gives. llama.cpp pools each block by itself, so that the mean of a text is the sum of its
// blocks' means, each as often as the block has tokens.
void add_block(std::vector<float>& sum, const float* block, size_t tokens, Pooling pooling, bool is_first) {
  const float weight = pooling == Pooling::mean ? static_cast<float>(tokens) : 1;
  if (pooling == Pooling::first && !is_first) return;
  if (pooling == Pooling::last) std::fill(sum.begin(), sum.end(), 0.0f);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += weight * block[i];
}

void make_unit(std::vector<float>& vector) {
  double squares = 0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  if (!std::isfinite(squares) || squares == 0) {
    throw Error("native", "The embedding of a text is no numbers.", "The model may be broken.");
  }
  const double scale = 1 / std::sqrt(squares);
  for (float& x : vector) x = static_cast<float>(x * scale);
}

}  // namespace

std::vector<std::vector<float>> embed(const LanguageModel& model, std::span<const std::vector<Token>> texts,
                                      const EmbeddingOptions& options, const std::atomic<bool>& stop) {
  const LlamaLibrary& llama = model.llama();
  size_t longest = 1;
  for (const auto& text : texts) longest = std::max(longest, text.size());
  llama_context_params params = llama.context_default_params();
  params.n_ctx = static_cast<uint32_t>(longest);
  params.n_seq_max = 1;
  params.n_batch = params.n_ubatch = static_cast<uint32_t>(std::min(longest, kBlock));
  params.n_threads = params.n_threads_batch = options.threads;
  params.embeddings = true;
  params.pooling_type = type_of(options.pooling);
  params.no_perf = true;
  params.abort_callback = [](void* flag) {
    return static_cast<const std::atomic<bool>*>(flag)->load(std::memory_order_relaxed);
  };
  params.abort_callback_data = const_cast<std::atomic<bool>*>(&stop);
  const auto free = [&llama](llama_context* context) { llama.free(context); };
  const std::unique_ptr<llama_context, decltype(free)> context(llama.init_from_model(model.get(), params), free);
  if (context == nullptr) {
    throw Error("memory", "There is no memory for a context of " + std::to_string(longest) + " tokens.");
  }

  std::vector<std::vector<float>> out;
  for (const std::vector<Token>& text : texts) {
    llama.memory_clear(llama.get_memory(context.get()), false);
    std::vector<float> sum(static_cast<size_t>(llama.model_n_embd_out(model.get())));
    for (size_t from = 0; from < text.size(); from += kBlock) {
      const size_t count = std::min(kBlock, text.size() - from);
      std::vector<Token> tokens(text.begin() + static_cast<std::ptrdiff_t>(from),
                                text.begin() + static_cast<std::ptrdiff_t>(from + count));
      std::vector<llama_pos> positions(count);
      std::vector<int32_t> owner_counts(count, 1);
      llama_seq_id owner = 0;
      std::vector<llama_seq_id*> owners(count, &owner);
      std::vector<int8_t> wanted(count, 1);
      for (size_t i = 0; i < count; ++i) positions[i] = static_cast<llama_pos>(from + i);
      const llama_batch batch{static_cast<int32_t>(count), tokens.data(), nullptr,      positions.data(),
                              owner_counts.data(),         owners.data(), wanted.data()};
      const int32_t status = llama.decode(context.get(), batch);
      if (stop) throw Error("cancelled", "Cancelled.");
      const float* block = status == 0 ? llama.get_embeddings_seq(context.get(), 0) : nullptr;
      if (block == nullptr) throw Error("native", "llama.cpp cannot embed with this model.");
      add_block(sum, block, count, options.pooling, from == 0);
    }
    make_unit(sum);
    out.push_back(std::move(sum));
    if (options.on_text) options.on_text(out.size());
  }
  return out;
}

}  // namespace engram
