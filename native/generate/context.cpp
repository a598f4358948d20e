// Lanes and their blocks (see context.hpp).
#include "context.hpp"

#include <algorithm>

#include "../core/error.hpp"
#include "llama_context.hpp"
#include "own_context.hpp"

namespace engram {

std::unique_ptr<Context> Context::open(std::shared_ptr<const LanguageModel> model, const ContextOptions& options,
                                       std::shared_ptr<const Model> weights, const std::atomic<bool>& stop) {
  if (weights != nullptr && OwnContext::suits(*model, options, *weights)) {
    auto own = std::make_unique<OwnContext>(model, options, weights, stop);
    if (own->agrees_with_llama()) return own;
  }
  auto out = std::make_unique<LlamaContext>(std::move(model), options, stop);
  if (weights != nullptr) out->read_with(std::move(weights), stop);
  return out;
}

Context::Context(std::shared_ptr<const LanguageModel> model, const ContextOptions& options)
    : model_(std::move(model)), options_(options), lanes_(static_cast<size_t>(options.lanes)) {}

size_t Context::block_end(size_t at, size_t prefix) const {
  const size_t block = static_cast<size_t>(options_.block);
  return at < prefix ? std::min(prefix, (at / block + 1) * block) : prefix + ((at - prefix) / block + 1) * block;
}

size_t Context::shared(int lane, std::span<const Token> prompt, size_t prefix) const {
  if (model_->is_recurrent()) return 0;
  const Lane& held = lane_at(lane);
  const size_t most = std::min(held.whole, prompt.size());
  size_t equal = 0;
  while (equal < most && held.tokens[equal] == prompt[equal]) ++equal;
  // Blocks that are the same ones in both, and not the prompt's last.
  size_t end = 0;
  for (;;) {
    const size_t next = block_end(end, prefix);
    if (next > equal || next >= prompt.size() || next != block_end(end, held.prefix)) return end;
    end = next;
  }
}

size_t Context::begin(int lane, std::span<const Token> prompt, size_t prefix) {
  const size_t count = shared(lane, prompt, prefix);
  keep(lane, count);
  lane_at(lane).prefix = prefix;
  return count;
}

void Context::keep(int lane, size_t count) {
  Lane& held = lane_at(lane);
  if (count >= held.tokens.size()) return;
  if (count == 0 || !cut(lane, count)) return clear(lane);
  held.tokens.resize(count);
  held.whole = std::min(held.whole, count);
}

void Context::clear(int lane) {
  forget(lane);
  lane_at(lane) = {};
}

void Context::took(std::span<const Feed> feeds) {
  for (const Feed& feed : feeds) {
    Lane& lane = lane_at(feed.lane);
    lane.tokens.insert(lane.tokens.end(), feed.tokens.begin(), feed.tokens.end());
    if (feed.is_block) lane.whole = lane.tokens.size();
  }
}

std::span<const Token> Context::whole(int lane) const {
  return std::span(lane_at(lane).tokens).first(lane_at(lane).whole);
}

std::vector<uint8_t> Context::save(int lane) {
  keep(lane, lane_at(lane).whole);
  return state(lane);
}

void Context::restore(int lane, std::span<const Token> tokens, size_t prefix, std::span<const uint8_t> state) {
  clear(lane);
  size_t end = 0;
  while (end < tokens.size()) end = block_end(end, prefix);
  const bool fits = end == tokens.size() && end <= static_cast<size_t>(options_.size);
  if (!fits || !set_state(lane, tokens.size(), state)) {
    clear(lane);
    throw Error("corrupt", "The saved state cannot be read.");
  }
  lane_at(lane) = {{tokens.begin(), tokens.end()}, tokens.size(), prefix};
}

}  // namespace engram
