// Passes of the transformer over lanes (see own_context.hpp).
#include "own_context.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "../core/cpu.hpp"
#include "../core/error.hpp"
#include "../core/gemm/int8.hpp"
#include "adapter_sum.hpp"
#include "apart.hpp"
#include "llama_context.hpp"

namespace engram {
namespace {

// Measured on two cores only; beyond these llama.cpp's fewer bytes are expected to weigh more than our fewer
// instructions.
constexpr int kMostThreads = 4;
// Where llama.cpp reads most weights in 4 bits at full speed, its fewer bytes weigh more than our fewer instructions:
// on two Zen 5 cores ours wrote 0.64 to 0.95 of its tokens of Q4_0 and Q4_K, 1.1 to 1.2 of its tokens of Q8_0 and Q4_1.
constexpr double kMostInterleaved = 0.5;
constexpr int32_t kWholeBytes = 127;  // the most of weights of 8 bits; where AVX2 is all there is they have 7

bool interrupted(const std::exception_ptr& reason) {
  try {
    std::rethrow_exception(reason);
  } catch (const Error& error) {
    return error.code == "cancelled";
  } catch (...) {
    return false;
  }
}

constexpr uint32_t kMagic = 0x31564b45;  // "EKV1": what a saved state begins with

}  // namespace

bool OwnContext::suits(const LanguageModel& model, const ContextOptions& options, const Model& weights) {
  const bool has_bytes = weights.precision == Precision::int8 && kernels::int8_table(best_isa()).most == kWholeBytes;
  // Tokens of several answers are one product over the weights here, and as many as there are tokens in llama.cpp.
  const bool is_faster = options.lanes > 1 || (has_bytes && weights.interleaved < kMostInterleaved);
  // Beyond their own context positions are turned otherwise, of some models from the first on.
  return is_faster && options.threads <= kMostThreads && !model.is_recurrent() &&
         weights.config.n_vocab == model.vocabulary_size() && weights.config.n_ctx >= options.size;
}

OwnContext::OwnContext(std::shared_ptr<const LanguageModel> model, const ContextOptions& options,
                       std::shared_ptr<const Model> weights, const std::atomic<bool>& stop)
    : Context(std::move(model), options),
      weights_(std::move(weights)),
      pool_(options.threads),
      transformer_(*weights_, nullptr, pool_, stop),
      head_(*weights_, pool_, stop),
      caches_(static_cast<size_t>(options.lanes)) {
  for (KvCache& cache : caches_) cache.layers.resize(static_cast<size_t>(weights_->config.n_layers));
}

bool OwnContext::agrees_with_llama() {
  constexpr int kTokens = 4, kWanted = 2;
  std::vector<Token> tokens;
  for (int i = 0; i < kTokens; ++i) tokens.push_back(model_->vocabulary_size() / (kTokens + 1) * (i + 1));
  const Feed feed{.lane = 0, .tokens = tokens, .wanted = kWanted, .is_block = false};
  const std::atomic<bool> never{false};
  LlamaContext theirs(model_, {.size = kTokens, .lanes = 1, .block = kTokens, .threads = 1}, never);
  if (!theirs.decode({{feed}}) || !decode({{feed}})) return false;
  clear(0);
  for (int row = 0; row < kWanted; ++row) {
    if (!(apart(logits(row), theirs.logits(row)) < kMostApart)) return false;
  }
  return true;
}

void OwnContext::use(std::vector<AdapterUse> adapters) {
  for (int lane = 0; lane < options_.lanes; ++lane) clear(lane);
  own_.clear();  // what holds if one does not fit
  adapt(adapters);
  own_ = std::move(adapters);
}

void OwnContext::adapt(const std::vector<AdapterUse>& adapters) {
  if (adapters != active_) {
    active_.clear();
    lora_.reset();
    if (!adapters.empty()) lora_.emplace(sum_of(adapters, *weights_));
    active_ = adapters;
  }
  transformer_.adapt(lora_ ? &*lora_ : nullptr);
}

bool OwnContext::decode(std::span<const Feed> feeds, double, const std::vector<AdapterUse>* adapters) {
  adapt(adapters != nullptr ? *adapters : own_);
  const int64_t n_layers = weights_->config.n_layers, V = weights_->config.n_vocab;
  Rows rows;
  for (const Feed& feed : feeds) {
    KvCache& cache = caches_[static_cast<size_t>(feed.lane)];
    const int64_t start = rows.size(), count = static_cast<int64_t>(feed.tokens.size());
    for (int64_t i = 0; i < count; ++i) {
      rows.tokens.push_back(feed.tokens[static_cast<size_t>(i)]);
      rows.positions.push_back(static_cast<int32_t>(cache.rows + i));
      if (i >= count - feed.wanted) rows.outputs.push_back(start + i);
    }
    const int64_t certain = count - feed.guesses;
    rows.segments.push_back({start, certain, cache.rows});
    rows.caches.push_back(&cache);
    if (feed.guesses == 0) continue;
    rows.segments.push_back({start + certain, feed.guesses, cache.rows + certain});
    rows.caches.push_back(&cache);
  }
  const int64_t wanted = rows.n_outputs();
  if (wanted == 0) rows.outputs = {0};  // of the last layer only keys and values
  try {
    float* x = sized(x_, rows.size() * weights_->config.d_model);
    transformer_.embed(rows, x);
    transformer_.run(rows, 0, n_layers, x, lora_.has_value());
    if (wanted > 0) head_.logits(x, wanted, sized(logits_, wanted * V));
  } catch (...) {  // no memory, too
    for (const Feed& feed : feeds) cut(feed.lane, length(feed.lane));
    if (interrupted(std::current_exception())) return false;
    throw;
  }
  for (const Feed& feed : feeds)
    caches_[static_cast<size_t>(feed.lane)].rows += static_cast<int64_t>(feed.tokens.size());
  took(feeds);
  return true;
}

std::span<const float> OwnContext::logits(int index) {
  const size_t V = static_cast<size_t>(weights_->config.n_vocab);
  return std::span(logits_).subspan(static_cast<size_t>(index) * V, V);
}

bool OwnContext::cut(int lane, size_t count) {
  KvCache& cache = caches_[static_cast<size_t>(lane)];
  cache.rows = static_cast<int64_t>(count);
  for (std::vector<uint16_t>& layer : cache.layers) layer.resize(count * static_cast<size_t>(width()));
  return true;
}

// Magic, layers, values in a row, rows; then the rows of each layer, as the cache has them.
std::vector<uint8_t> OwnContext::state(int lane) {
  const KvCache& cache = caches_[static_cast<size_t>(lane)];
  const uint32_t head[] = {kMagic, static_cast<uint32_t>(cache.layers.size()), static_cast<uint32_t>(width()),
                           static_cast<uint32_t>(cache.rows)};
  const size_t bytes = static_cast<size_t>(cache.rows * width()) * sizeof(uint16_t);
  std::vector<uint8_t> out(sizeof head + cache.layers.size() * bytes);
  std::memcpy(out.data(), head, sizeof head);
  uint8_t* to = out.data() + sizeof head;
  for (const std::vector<uint16_t>& layer : cache.layers)
    to = std::copy_n(reinterpret_cast<const uint8_t*>(layer.data()), bytes, to);
  return out;
}

bool OwnContext::set_state(int lane, size_t count, std::span<const uint8_t> state) {
  KvCache& cache = caches_[static_cast<size_t>(lane)];
  const uint32_t head[] = {kMagic, static_cast<uint32_t>(cache.layers.size()), static_cast<uint32_t>(width()),
                           static_cast<uint32_t>(count)};
  const size_t bytes = count * static_cast<size_t>(width()) * sizeof(uint16_t);
  if (state.size() != sizeof head + cache.layers.size() * bytes) return false;
  if (std::memcmp(state.data(), head, sizeof head) != 0) return false;
  cut(lane, count);
  const uint8_t* from = state.data() + sizeof head;
  for (std::vector<uint16_t>& layer : cache.layers) {
    std::memcpy(layer.data(), from, bytes);
    from += bytes;
  }
  return true;
}

}  // namespace engram
