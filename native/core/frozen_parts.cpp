// What of examples no step changes (see frozen_parts.hpp).
#include "frozen_parts.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "random.hpp"

namespace engram {
namespace {

// Own rows of examples at the input of the first adapted layer; of an 8B model 16,000. What is beyond is computed again
// at each step, and only that. Contexts are no part of it: examples hold them for as long as they are trained on.
constexpr int64_t kMostHiddenBytes = int64_t{256} << 20;
// Rows of contexts that are read in one pass, of several contexts: products of matrices are then as fast as they get.
// Within a limit a fourth of that, since only work space grows.
constexpr int64_t kPassRows = 512, kLimitedPassRows = 128;
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
  std::vector<StoredExample*> missing;
  for (StoredExample* e : items) {
    if (e->hidden.empty() && std::ranges::find(missing, e) == missing.end()) missing.push_back(e);
  }
  const Hidden fresh = missing.empty() ? Hidden{} : hidden_of(missing);
  for (size_t i = 0; i < items.size(); i++) {
    const int64_t from = items[i]->example.adapted_from;
    const auto at = static_cast<size_t>(std::ranges::find(missing, items[i]) - missing.begin());
    for (int64_t r = 0; r < items[i]->own_rows(); r++) {
      const float* row =
          at < missing.size() ? &fresh.x[fresh.layout.row(at, from + r) * D()] : &items[i]->hidden[r * D()];
      std::memcpy(&x[layout.row(i, from + r) * D()], row, D() * sizeof(float));
    }
  }
}

// The input of the first adapted layer for the own rows of examples.
FrozenParts::Hidden FrozenParts::hidden_of(const std::vector<StoredExample*>& items) {
  Hidden out{lay_out({items.begin(), items.end()}), {}};
  largest_.grow(size_of(out.layout.rows));
  transformer_.embed(out.layout.rows, sized(out.x, out.layout.rows.size() * D()));
  transformer_.run(out.layout.rows, 0, first_, out.x.data(), false);
  return out;
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
  context_bytes_ += context_bytes(context->rows());
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
    context_bytes_ -= bytes;
    by_tokens_.erase((*at)->tokens);
    at = contexts_.erase(at);
  }
}

int64_t FrozenParts::most_pass_rows() const { return memory_limit_ > 0 ? kLimitedPassRows : kPassRows; }

FrozenParts::Unknown FrozenParts::unknown(const std::vector<StoredExample*>& items) {
  Unknown out;
  std::unordered_set<Tokens, Hash, Equal> counted;
  int64_t all = 0;
  for (const StoredExample* e : items) {
    const int64_t rows = e->example.adapted_from;
    const Tokens tokens = Tokens(e->example.tokens).first(rows);
    if (rows == 0 || e->context != nullptr || by_tokens_.contains(tokens) || !counted.insert(tokens).second) continue;
    out.bytes += context_bytes(rows);
    out.rows = std::max(out.rows, rows);
    all += rows;
  }
  out.rows = std::max(out.rows, std::min(all, most_pass_rows()));
  return out;
}

// What comes before `adapted_from`, from where it differs from everything read before.
Unread FrozenParts::unread(const StoredExample& example) const {
  const Tokens tokens = Tokens(example.example.tokens).first(example.example.adapted_from);
  Unread out{&example, nullptr, 0};
  for (const auto& known : contexts_) {
    const auto same = std::mismatch(tokens.begin(), tokens.end(), known->tokens.begin(), known->tokens.end());
    if (const int64_t n = same.first - tokens.begin(); n > out.rows) out = {&example, known, n};
  }
  // The beginning of a longer one: a row of it is computed again.
  if (out.rows == example.example.adapted_from) out.rows--;
  return out;
}

void FrozenParts::read_contexts(const std::vector<StoredExample*>& items) {
  Reading pass;
  for (StoredExample* e : items) {
    if (e->example.adapted_from == 0 || e->context != nullptr) continue;
    const Tokens tokens = Tokens(e->example.tokens).first(e->example.adapted_from);
    if (auto context = known(tokens)) {
      e->context = std::move(context);
      continue;
    }
    const auto same = [&](const auto& c) { return std::ranges::equal(c->tokens, tokens); };
    if (const auto at = std::ranges::find_if(pass.fresh, same); at != pass.fresh.end()) {
      pass.found.emplace_back(e, *at);
      continue;
    }
    Unread next = unread(*e);
    if (pass.rows > 0 && pass.rows + e->example.adapted_from - next.rows > most_pass_rows()) {
      read(pass);
      next = unread(*e);
    }
    pass.rows += e->example.adapted_from - next.rows;
    pass.unread.push_back(std::move(next));
    pass.fresh.push_back(std::make_shared<Prefix>());
    pass.fresh.back()->tokens.assign(tokens.begin(), tokens.end());
    pass.found.emplace_back(e, pass.fresh.back());
  }
  read(pass);
}

// Computes the contexts of a pass, which is empty afterwards.
void FrozenParts::read(Reading& pass) {
  const Reading reading = std::exchange(pass, {});
  const std::vector<Unread>& unread = reading.unread;
  const std::vector<std::shared_ptr<Prefix>>& fresh = reading.fresh;
  if (unread.empty()) return;
  Layout layout = lay_out_contexts(unread);
  largest_.grow(size_of(layout.rows));
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
  for (const auto& [example, context] : reading.found) example->context = context;
  for (const auto& context : fresh) keep(context);
}

void FrozenParts::cache_hidden(const std::vector<StoredExample*>& items) {
  if (first_ == 0) return;
  const int64_t most = within(kMostHiddenBytes, memory_limit_);
  std::vector<StoredExample*> missing;
  int64_t wanted = 0;
  for (StoredExample* e : items) {
    const int64_t bytes = e->own_rows() * D() * static_cast<int64_t>(sizeof(float));
    if (!e->hidden.empty() || std::ranges::find(missing, e) != missing.end()) continue;
    if (hidden_bytes_ + wanted + bytes > most) continue;
    wanted += bytes;
    missing.push_back(e);
  }
  if (missing.empty()) return;
  const Hidden fresh = hidden_of(missing);
  for (size_t i = 0; i < missing.size(); i++) {
    const int64_t from = missing[i]->example.adapted_from;
    missing[i]->hidden.resize(missing[i]->own_rows() * D());
    for (int64_t r = 0; r < missing[i]->own_rows(); r++) {
      std::memcpy(&missing[i]->hidden[r * D()], &fresh.x[fresh.layout.row(i, from + r) * D()], D() * sizeof(float));
    }
  }
  hidden_bytes_ += wanted;
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
  largest_.grow(size_of(layout.rows));
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
