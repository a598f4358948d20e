// What of examples no step changes (see frozen_parts.hpp).
#include "frozen_parts.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "random.hpp"

namespace engram {
namespace {

constexpr int64_t kMostHiddenBytes = int64_t{256} << 20;
// About 2,900 tokens of SmolLM2-135M (46 kB each), which it takes seconds to read again, in no more than the room that
// the model itself takes.
constexpr int64_t kMostIdleBytes = int64_t{128} << 20;

int64_t within(int64_t most, int64_t memory_limit) {
  return memory_limit > 0 ? std::min(most, memory_limit / 16) : most;
}

// Does nobody but the list of contexts have it?
bool is_idle(const std::shared_ptr<const Prefix>& context) { return context.use_count() == 1; }

}  // namespace

void FrozenParts::prepare(const std::vector<StoredExample*>& items) {
  read_contexts(items);
  cache_hidden(items);
  ask_teacher(items);
}

void FrozenParts::lower_layers(const std::vector<StoredExample*>& items, const Layout& layout, Floats& x) {
  sized(x, layout.rows.size() * D());
  if (first_ == 0) return transformer_.embed(layout.rows, x.data());
  if (std::any_of(items.begin(), items.end(), [](const StoredExample* e) { return e->hidden.empty(); })) {
    transformer_.embed(layout.rows, x.data());
    return transformer_.run(layout.rows, 0, first_, x.data(), false);
  }
  for (size_t i = 0; i < items.size(); i++) {
    const int64_t from = items[i]->example.adapted_from;
    for (int64_t r = 0; r < items[i]->own_rows(); r++) {
      std::memcpy(&x[layout.row(i, from + r) * D()], &items[i]->hidden[r * D()], D() * sizeof(float));
    }
  }
}

size_t FrozenParts::Hash::operator()(Tokens tokens) const {
  uint64_t hash = tokens.size();
  for (const int32_t token : tokens) hash = mix64(hash + static_cast<uint32_t>(token));
  return static_cast<size_t>(hash);
}

bool FrozenParts::Equal::operator()(Tokens a, Tokens b) const { return std::ranges::equal(a, b); }

int64_t FrozenParts::most_idle_bytes() const { return within(kMostIdleBytes, memory_limit_); }

std::shared_ptr<const Prefix> FrozenParts::known(Tokens tokens) {
  const auto at = by_tokens_.find(tokens);
  if (at == by_tokens_.end()) return nullptr;
  contexts_.splice(contexts_.begin(), contexts_, at->second);
  return *at->second;
}

void FrozenParts::keep(std::shared_ptr<const Prefix> context) {
  bytes_ += context_bytes(context->rows());
  contexts_.push_front(std::move(context));
  by_tokens_.emplace(contexts_.front()->tokens, contexts_.begin());
}

int64_t FrozenParts::idle_bytes() const {
  int64_t out = 0;
  for (const auto& context : contexts_) out += is_idle(context) ? context_bytes(context->rows()) : 0;
  return out;
}

void FrozenParts::drop_idle_contexts() {
  const int64_t most = most_idle_bytes();
  int64_t idle = 0;
  for (auto at = contexts_.begin(); at != contexts_.end();) {
    const int64_t bytes = context_bytes((*at)->rows());
    if (!is_idle(*at) || (idle += bytes) <= most) {
      ++at;
      continue;
    }
    bytes_ -= bytes;
    by_tokens_.erase((*at)->tokens);
    at = contexts_.erase(at);
  }
}

// The base model reads what comes before `adapted_from`, from where it differs from everything read before.
void FrozenParts::read_contexts(const std::vector<StoredExample*>& items) {
  std::vector<Unread> unread;
  std::vector<std::shared_ptr<Prefix>> fresh;
  std::vector<std::pair<StoredExample*, std::shared_ptr<const Prefix>>> found;  // given when all is computed
  for (StoredExample* e : items) {
    if (e->example.adapted_from == 0 || e->context != nullptr) continue;
    const Tokens tokens = Tokens(e->example.tokens).first(e->example.adapted_from);
    if (auto context = known(tokens)) {
      e->context = std::move(context);
      continue;
    }
    const auto shared_with = [&](const Prefix& c) {
      return std::mismatch(tokens.begin(), tokens.end(), c.tokens.begin(), c.tokens.end()).first - tokens.begin();
    };
    const auto same = [&](const auto& c) { return std::ranges::equal(c->tokens, tokens); };
    if (const auto at = std::ranges::find_if(fresh, same); at != fresh.end()) {
      found.emplace_back(e, *at);
      continue;
    }
    Unread next{e, nullptr, 0};
    for (const auto& known : contexts_) {
      if (const int64_t n = shared_with(*known); n > next.rows) next = {e, known, n};
    }
    // The beginning of a longer one: a row of it is computed again.
    if (next.rows == e->example.adapted_from) next.rows--;
    unread.push_back(next);
    fresh.push_back(std::make_shared<Prefix>());
    fresh.back()->tokens.assign(tokens.begin(), tokens.end());
    found.emplace_back(e, fresh.back());
  }
  if (unread.empty()) return;
  Layout layout = lay_out_contexts(unread);
  layout.rows.outputs = {0};  // of the last layer only keys and values are wanted
  const ModelConfig& c = model_.config;
  const int64_t kv = 2 * c.n_kv_heads * c.head_dim, row = c.n_heads * c.head_dim + kv;
  Floats hidden(layout.rows.size() * D());
  transformer_.embed(layout.rows, hidden.data());
  transformer_.run(layout.rows, 0, c.n_layers, hidden.data(), false, [&](int64_t, const float* qkv) {
    for (size_t i = 0; i < unread.size(); i++) {
      const int64_t known = unread[i].rows, rows = fresh[i]->rows();
      std::vector<float>& layer = fresh[i]->layers.emplace_back(rows * kv);
      if (known > 0)
        std::copy_n(unread[i].known->layers[fresh[i]->layers.size() - 1].begin(), known * kv, layer.begin());
      for (int64_t r = known; r < rows; r++) {
        std::copy_n(qkv + (layout.row(i, r) + 1) * row - kv, kv, &layer[r * kv]);
      }
    }
  });
  for (const auto& [example, context] : found) example->context = context;
  for (auto& context : fresh) keep(std::move(context));
}

void FrozenParts::cache_hidden(const std::vector<StoredExample*>& items) {
  if (first_ == 0) return;
  const int64_t most = within(kMostHiddenBytes, memory_limit_), held = bytes_ - idle_bytes();
  std::vector<StoredExample*> missing;
  int64_t wanted = 0;
  for (StoredExample* e : items) {
    const int64_t bytes = e->own_rows() * D() * static_cast<int64_t>(sizeof(float));
    if (!e->hidden.empty() || std::count(missing.begin(), missing.end(), e) > 0) continue;
    if (held + wanted + bytes > most) continue;
    wanted += bytes;
    missing.push_back(e);
  }
  if (missing.empty()) return;
  const Layout layout = lay_out({missing.begin(), missing.end()});
  Floats hidden(layout.rows.size() * D());
  transformer_.embed(layout.rows, hidden.data());
  transformer_.run(layout.rows, 0, first_, hidden.data(), false);
  for (size_t i = 0; i < missing.size(); i++) {
    const int64_t from = missing[i]->example.adapted_from;
    missing[i]->hidden.resize(missing[i]->own_rows() * D());
    for (int64_t r = 0; r < missing[i]->own_rows(); r++) {
      std::memcpy(&missing[i]->hidden[r * D()], &hidden[layout.row(i, from + r) * D()], D() * sizeof(float));
    }
  }
  bytes_ += wanted;
}

// What the base model says at every token with a KL weight.
void FrozenParts::ask_teacher(const std::vector<StoredExample*>& items) {
  std::vector<StoredExample*> missing;
  for (StoredExample* e : items) {
    const auto& kl = e->example.kl_weights;
    const bool wants = std::any_of(kl.begin(), kl.end(), [](float w) { return w != 0; });
    if (wants && e->teacher.empty() && std::count(missing.begin(), missing.end(), e) == 0) missing.push_back(e);
  }
  if (missing.empty()) return;
  Layout layout = lay_out({missing.begin(), missing.end()});
  for (size_t i = 0; i < missing.size(); i++) {
    for (int64_t t = 1; t <= missing[i]->rows(); t++) {
      if (missing[i]->example.kl_weights[t] != 0) layout.rows.outputs.push_back(layout.row(i, t - 1));
    }
  }
  Floats x;
  lower_layers(missing, layout, x);
  transformer_.run(layout.rows, first_, model_.config.n_layers, x.data(), false);
  std::vector<Distribution> teachers = head_.distributions(x.data(), layout.rows.n_outputs());
  auto next = std::make_move_iterator(teachers.begin());
  for (StoredExample* e : missing) {
    const auto& kl = e->example.kl_weights;
    const auto count = kl.end() - kl.begin() - 1 - std::count(kl.begin() + 1, kl.end(), 0.0f);
    e->teacher.assign(next, next + count);
    next += count;
  }
}

}  // namespace engram
