// llama.cpp's own context (see llama_context.hpp).
#include "llama_context.hpp"

#include <algorithm>

#include "../core/error.hpp"
#include "apart.hpp"

namespace engram {
namespace {

// How long a thread of ggml that has nothing to do spins before it sleeps, in units of some milliseconds: enough for
// the time between two tokens, little enough to leave the core to others when the answer has ended.
constexpr uint32_t kPoll = 1;

using Clock = std::chrono::steady_clock;

Clock::time_point patience_end(double ms) {
  constexpr double kMostMs = 1e9;
  if (!(ms < kMostMs)) return Clock::time_point::max();
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double, std::milli>(ms));
}

void cut_back(Prefix& read, int64_t rows, const ModelConfig& model) {
  read.tokens.resize(static_cast<size_t>(rows));
  for (auto& layer : read.layers) layer.resize(static_cast<size_t>(rows * 2 * model.n_kv_heads * model.head_dim));
}

}  // namespace

LlamaContext::LlamaContext(std::shared_ptr<const LanguageModel> model, const ContextOptions& options,
                           const std::atomic<bool>& stop)
    : Context(std::move(model), options), ahead_(static_cast<size_t>(options.lanes)) {
  limit_->stop = &stop;
  llama_context_params params = llama().context_default_params();
  params.n_ctx = static_cast<uint32_t>(options.size) * static_cast<uint32_t>(options.lanes);
  params.n_seq_max = static_cast<uint32_t>(options.lanes);
  params.n_batch = params.n_ubatch = static_cast<uint32_t>(options.block + options.lanes * (1 + kGuesses));
  params.n_threads = params.n_threads_batch = options.threads;
  params.swa_full = true;  // else a model with a sliding window has no whole blocks to use again
  params.kv_unified = false;
  params.no_perf = true;
  context_ = llama().init_from_model(model_->get(), params);
  if (context_ == nullptr) {
    throw Error("memory", "There is no memory for a context of " + std::to_string(options.size) + " tokens.",
                "Ask for a smaller one with --context.");
  }
  llama().set_abort_callback(
      context_,
      [](void* given) {
        const Limit& limit = *static_cast<const Limit*>(given);
        return (limit.stop != nullptr && limit.stop->load(std::memory_order_relaxed)) || Clock::now() > limit.end;
      },
      limit_.get());
  if (llama().threadpool_new != nullptr && options.threads > 1) {
    ggml_threadpool_params pool = llama().threadpool_params_default(options.threads);
    pool.poll = kPoll;
    pool_ = llama().threadpool_new(&pool);
    if (pool_ != nullptr) llama().attach_threadpool(context_, pool_, pool_);
  }
}

LlamaContext::~LlamaContext() {
  llama().free(context_);
  if (pool_ != nullptr) llama().threadpool_free(pool_);
}

void LlamaContext::use(std::vector<AdapterUse> adapters) {
  for (int lane = 0; lane < options_.lanes; ++lane) clear(lane);
  own_.clear();  // what holds if llama.cpp refuses
  activate(adapters);
  own_ = std::move(adapters);
}

void LlamaContext::activate(const std::vector<AdapterUse>& adapters) {
  if (adapters == active_) return;
  std::vector<llama_adapter_lora*> handles;
  std::vector<float> scales;
  for (const AdapterUse& use : adapters) {
    handles.push_back(use.adapter->get());
    scales.push_back(use.scale);
  }
  if (llama().set_adapters_lora(context_, handles.data(), handles.size(), scales.data()) != 0) {
    throw Error("native", "llama.cpp cannot use the adapter.");
  }
  active_ = adapters;
}

void LlamaContext::set_threads(int threads) {
  const int count = std::clamp(threads, 1, options_.threads);
  llama().set_n_threads(context_, count, count);
}

bool LlamaContext::cut(int lane, size_t count) {
  if (std::optional<Prefix>& read = ahead_[static_cast<size_t>(lane)]) {
    cut_back(*read, static_cast<int64_t>(count), reader_->config());
    return true;
  }
  return llama().memory_seq_rm(llama().get_memory(context_), lane, static_cast<llama_pos>(count), -1);
}

void LlamaContext::forget(int lane) {
  ahead_[static_cast<size_t>(lane)].reset();
  llama().memory_seq_rm(llama().get_memory(context_), lane, -1, -1);
}

bool LlamaContext::decode(std::span<const Feed> feeds, double patience_ms, const std::vector<AdapterUse>* adapters) {
  const std::vector<AdapterUse>& uses = adapters != nullptr ? *adapters : own_;
  std::vector<Feed> rest;  // llama.cpp's share
  bool sound = true;
  for (const Feed& feed : feeds) {
    const size_t unwanted = feed.tokens.size() - static_cast<size_t>(feed.wanted);
    const bool reads = reader_ != nullptr && uses.empty() && unwanted > 0;
    if (reads) {
      sound = sound && read(feed.lane, feed.tokens.first(unwanted));
      if (feed.wanted == 0) continue;
    }
    rest.push_back({feed.lane, reads ? feed.tokens.subspan(unwanted) : feed.tokens, feed.wanted, false});
  }
  if (sound && !rest.empty()) {
    for (const Feed& feed : rest) lay(feed.lane);
    activate(uses);
    sound = compute(rest, patience_ms);
  }
  if (sound) {
    took(feeds);
    return true;
  }
  for (const Feed& feed : feeds) {  // nothing of this batch may stay: it is the last of its lanes
    if (length(feed.lane) == 0) {
      clear(feed.lane);
    } else if (!cut(feed.lane, length(feed.lane))) {
      throw Error("native", "llama.cpp cannot take back what was cut off.");
    }
  }
  return false;
}

// False if it was stopped: then the cache may hold a part.
bool LlamaContext::compute(std::span<const Feed> feeds, double patience_ms) {
  std::vector<Token> tokens;
  std::vector<llama_pos> positions;
  std::vector<int8_t> wanted;
  std::vector<int> owners;
  for (const Feed& feed : feeds) {
    const size_t count = feed.tokens.size();
    const llama_pos before = llama().memory_seq_pos_max(llama().get_memory(context_), feed.lane) + 1;
    for (size_t i = 0; i < count; ++i) {
      tokens.push_back(feed.tokens[i]);
      positions.push_back(before + static_cast<llama_pos>(i));
      wanted.push_back(i + static_cast<size_t>(feed.wanted) >= count ? 1 : 0);
      owners.push_back(feed.lane);
    }
  }
  std::vector<int32_t> owner_counts(tokens.size(), 1);
  std::vector<llama_seq_id*> owner_lists(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) owner_lists[i] = &owners[i];
  const llama_batch batch{static_cast<int32_t>(tokens.size()),
                          tokens.data(),
                          nullptr,
                          positions.data(),
                          owner_counts.data(),
                          owner_lists.data(),
                          wanted.data()};
  limit_->end = patience_end(patience_ms);
  const int32_t status = llama().decode(context_, batch);
  if (status == 2) return false;
  if (status != 0) {
    throw Error("native", "llama.cpp failed while it computed an answer (" + std::to_string(status) + ").",
                "There may be too little memory: try a smaller --context.");
  }
  rows_.clear();
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != 0) rows_.push_back(static_cast<int>(i));
  }
  return true;
}

void LlamaContext::read_with(std::shared_ptr<const Model> weights, const std::atomic<bool>& stop) {
  const ModelConfig& config = weights->config;
  // Beyond their own context positions are turned otherwise, of some models from the first on.
  if (model_->is_recurrent() || config.n_vocab != model_->vocabulary_size() || config.n_ctx < options_.size) return;
  auto reader = std::make_unique<PromptReader>(std::move(weights), options_.threads, stop);
  constexpr int kTokens = 8;
  std::vector<Token> tokens;
  for (int i = 0; i < kTokens; ++i) tokens.push_back(model_->vocabulary_size() / (kTokens + 1) * (i + 1));
  if (!decode({{{.lane = 0, .tokens = tokens, .wanted = 0, .is_block = false}}})) return;
  const std::vector<uint8_t> bytes = state(0);
  clear(0);
  const std::optional<CacheState> theirs = read_cache_state(bytes, reader->config());
  if (!theirs || theirs->shape.stream != 0 || theirs->prefix.rows() != kTokens) return;
  if (write_cache_state(theirs->prefix, theirs->shape, 0, reader->config()) != bytes) return;
  // In two blocks, as prompts are.
  Prefix ours;
  reader->read(ours, std::span(tokens).first(kTokens / 2));
  reader->read(ours, std::span(tokens).subspan(kTokens / 2));
  for (size_t layer = 0; layer < ours.layers.size(); ++layer) {
    if (!(apart(ours.layers[layer], theirs->prefix.layers[layer]) < kMostApart)) return;
  }
  shape_ = theirs->shape;
  reader_ = std::move(reader);
}

// What a lane holds, to be read on.
Prefix& LlamaContext::ahead(int lane) {
  std::optional<Prefix>& read = ahead_[static_cast<size_t>(lane)];
  if (read) return *read;
  const std::vector<Token>& tokens = lane_at(lane).tokens;
  if (tokens.empty()) return read.emplace();
  std::optional<CacheState> found = read_cache_state(state(lane), reader_->config());
  if (!found || found->prefix.tokens.size() != tokens.size())
    throw Error("native", "llama.cpp's cache is not as it was.");
  found->prefix.tokens = tokens;
  return read.emplace(std::move(found->prefix));
}

// Reads tokens that come next in a lane, as one block. False if it was stopped.
bool LlamaContext::read(int lane, std::span<const Token> tokens) {
  try {
    reader_->read(ahead(lane), tokens);
    return true;
  } catch (const Error& error) {
    if (error.code != "cancelled") throw;
    return false;
  }
}

// Puts what was read in place of what llama.cpp has of a lane, which it takes as a whole.
void LlamaContext::lay(int lane) {
  std::optional<Prefix>& read = ahead_[static_cast<size_t>(lane)];
  if (!read) return;
  // A context of one stream has all lanes in it; else each lane has its own.
  CacheShape shape = shape_;
  if (shape.streams > 1) shape.stream = static_cast<uint32_t>(lane);
  const std::vector<uint8_t> bytes = write_cache_state(*read, shape, lane, reader_->config());
  if (llama().state_seq_set_data(context_, bytes.data(), bytes.size(), lane) != bytes.size()) {
    clear(lane);
    throw Error("native", "llama.cpp does not take what was read.", "Set compute to llama.");
  }
  read.reset();
}

std::span<const float> LlamaContext::logits(int index) {
  const float* row = llama().get_logits_ith(context_, rows_[static_cast<size_t>(index)]);
  if (row == nullptr) throw Error("native", "llama.cpp gave no logits.");
  return {row, static_cast<size_t>(model_->vocabulary_size())};
}

std::vector<uint8_t> LlamaContext::state(int lane) {
  lay(lane);
  std::vector<uint8_t> state(llama().state_seq_get_size(context_, lane));
  const size_t written = llama().state_seq_get_data(context_, state.data(), state.size(), lane);
  state.resize(written);
  return state;
}

// llama.cpp checks shapes and types. Positions other than ours would make every later prompt in this lane fail.
bool LlamaContext::set_state(int lane, size_t count, std::span<const uint8_t> state) {
  const llama_memory_t memory = llama().get_memory(context_);
  return llama().state_seq_set_data(context_, state.data(), state.size(), lane) == state.size() &&
         llama().memory_seq_pos_min(memory, lane) == (count == 0 ? -1 : 0) &&
         llama().memory_seq_pos_max(memory, lane) == static_cast<llama_pos>(count) - 1;
}

}  // namespace engram
