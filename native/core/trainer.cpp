// The training step (see trainer.hpp): lay a batch out as rows, run it, take the loss at the rows that have one, run it
// back.
#include "trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "adapter_file.hpp"
#include "aligned.hpp"
#include "batch.hpp"
#include "checkpoint.hpp"
#include "cores.hpp"
#include "error.hpp"
#include "memory.hpp"
#include "transformer.hpp"

namespace engram {
namespace {

constexpr int64_t kLossRows = 128;                         // rows whose logits are held at once
constexpr int64_t kTeacherTokens = 256;                    // of a base distribution that are kept by name
constexpr int64_t kHiddenCacheBytes = int64_t{256} << 20;  // for activations below the first adapted layer

}  // namespace

struct Trainer::State {
  State(std::shared_ptr<const Model> m, const LoraConfig& l, const OptimizerConfig& o, int threads, int64_t limit,
        std::shared_ptr<Cores> c)
      : model(std::move(m)),
        memory_limit(limit),
        lora(l, model->shapes()),
        optimizer(o),
        cores(std::move(c)),
        pool(std::max(1, threads), cores, &cancelled),
        transformer(*model, &lora, pool, cancelled) {
    if (cores != nullptr) cores->begin_training();
  }

  std::shared_ptr<const Model> model;
  int64_t memory_limit;
  Lora lora;
  Optimizer optimizer;
  std::atomic<bool> cancelled{false}, running{false};
  std::shared_ptr<Cores> cores;
  ThreadPool pool;
  Transformer transformer;
  std::vector<StoredExample> examples;
  std::vector<std::shared_ptr<const Prefix>> contexts;  // of all examples, each once
  int64_t hidden_bytes = 0, most_rows = 0;
  Floats x, dx, norm, rstd, logits;  // work space

  int64_t D() const { return model->config.d_model; }
  int64_t V() const { return model->config.n_vocab; }
  int64_t first() const { return lora.config().first_layer; }

  // While one of these lives, cancel() has an effect, and generators know that the cores are wanted.
  struct Running {
    explicit Running(State& s) : state(s), training(s.cores) { state.cancelled = false, state.running = true; }
    ~Running() { state.running = false; }
    State& state;
    Cores::Training training;
  };

  // Fills x with the input of the first adapted layer for every row of a layout.
  void lower_layers(const std::vector<StoredExample*>& items, const Layout& layout) {
    sized(x, layout.rows.size() * D());
    if (first() == 0) return transformer.embed(layout.rows, x.data());
    if (std::any_of(items.begin(), items.end(), [](const StoredExample* e) { return e->hidden.empty(); })) {
      transformer.embed(layout.rows, x.data());
      return transformer.run(layout.rows, 0, first(), x.data(), false);
    }
    for (size_t i = 0; i < items.size(); i++) {
      const int64_t from = items[i]->example.adapted_from;
      for (int64_t r = 0; r < items[i]->own_rows(); r++) {
        std::memcpy(&x[layout.row(i, from + r) * D()], &items[i]->hidden[r * D()], D() * sizeof(float));
      }
    }
  }

  // Computes once what never changes of these examples: their contexts, and as far as the cache has room what the
  // frozen lower layers make of the rest.
  void prepare(const std::vector<StoredExample*>& items) {
    std::vector<StoredExample*> missing;
    const int64_t most_hidden = memory_limit > 0 ? std::min(kHiddenCacheBytes, memory_limit / 16) : kHiddenCacheBytes;
    int64_t wanted = 0;
    read_contexts(items);
    for (StoredExample* e : items) {
      const int64_t bytes = e->own_rows() * D() * static_cast<int64_t>(sizeof(float));
      if (first() == 0 || !e->hidden.empty() || std::count(missing.begin(), missing.end(), e) > 0) continue;
      if (hidden_bytes + wanted + bytes > most_hidden) continue;
      wanted += bytes;
      missing.push_back(e);
    }
    if (!missing.empty()) compute_hidden(missing);
    hidden_bytes += wanted;
  }

  // Has the base model read what comes before `adapted_from`, from where it differs from everything read before.
  void read_contexts(const std::vector<StoredExample*>& items) {
    std::vector<Unread> unread;
    std::vector<std::shared_ptr<Prefix>> fresh;
    std::vector<std::pair<StoredExample*, std::shared_ptr<const Prefix>>> found;  // given when all is computed
    for (StoredExample* e : items) {
      if (e->example.adapted_from == 0 || e->context != nullptr) continue;
      const std::span<const int32_t> tokens = std::span(e->example.tokens).first(e->example.adapted_from);
      const auto shared_with = [&](const Prefix& c) {
        return std::mismatch(tokens.begin(), tokens.end(), c.tokens.begin(), c.tokens.end()).first - tokens.begin();
      };
      const auto same = [&](const auto& c) { return std::ranges::equal(c->tokens, tokens); };
      if (const auto at = std::ranges::find_if(fresh, same); at != fresh.end()) {
        found.emplace_back(e, *at);
        continue;
      }
      Unread next{e, nullptr, 0};
      for (const auto& known : contexts) {
        if (const int64_t n = shared_with(*known); n > next.rows) next = {e, known, n};
      }
      if (next.rows == e->example.adapted_from) {
        if (next.known->rows() == next.rows) {
          e->context = next.known;
          continue;
        }
        next.rows--;  // the beginning of a longer one: a row of it is computed again
      }
      unread.push_back(next);
      fresh.push_back(std::make_shared<Prefix>());
      fresh.back()->tokens.assign(tokens.begin(), tokens.end());
      found.emplace_back(e, fresh.back());
    }
    if (unread.empty()) return;
    Layout layout = lay_out_contexts(unread);
    layout.rows.outputs = {0};  // of the last layer only keys and values are wanted
    const ModelConfig& c = model->config;
    const int64_t kv = 2 * c.n_kv_heads * c.head_dim, row = c.n_heads * c.head_dim + kv;
    Floats hidden(layout.rows.size() * D());
    transformer.embed(layout.rows, hidden.data());
    transformer.run(layout.rows, 0, c.n_layers, hidden.data(), false, [&](int64_t, const float* qkv) {
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
    for (const auto& context : fresh) {
      hidden_bytes += c.n_layers * context->rows() * kv * static_cast<int64_t>(sizeof(float));
      contexts.push_back(context);
    }
  }

  void compute_hidden(const std::vector<StoredExample*>& items) {
    const Layout layout = lay_out({items.begin(), items.end()});
    Floats hidden(layout.rows.size() * D());
    transformer.embed(layout.rows, hidden.data());
    transformer.run(layout.rows, 0, first(), hidden.data(), false);
    for (size_t i = 0; i < items.size(); i++) {
      const int64_t from = items[i]->example.adapted_from;
      items[i]->hidden.resize(items[i]->own_rows() * D());
      for (int64_t r = 0; r < items[i]->own_rows(); r++) {
        std::memcpy(&items[i]->hidden[r * D()], &hidden[layout.row(i, from + r) * D()], D() * sizeof(float));
      }
    }
  }

  // logits [n, V] of final hidden states [n, D]
  void head_forward(const float* hidden, int64_t n) {
    rmsnorm_forward(sized(norm, n * D()), sized(rstd, n), hidden, model->output_norm.data(), model->config.norm_eps, n,
                    D(), pool);
    model->head.forward(norm.data(), sized(logits, n * V()), n, false, pool);
    if (const float cap = model->config.logit_cap; cap > 0)
      pool.parallel_for(n, [&](int64_t i) { soft_cap_forward(&logits[i * V()], cap, V()); });
    head_flop += 2.0 * n * D() * V();
  }

  // What the base model says at every token with a KL weight; it never changes, so it is computed once.
  void compute_teachers(const std::vector<StoredExample*>& items) {
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
    lower_layers(missing, layout);
    transformer.run(layout.rows, first(), model->config.n_layers, x.data(), false);
    const int64_t n = layout.rows.n_outputs();
    std::vector<Distribution> teachers(n);
    for (int64_t at = 0; at < n; at += kLossRows) {
      const int64_t count = std::min(kLossRows, n - at);
      head_forward(&x[at * D()], count);
      pool.parallel_for(count,
                        [&](int64_t r) { teachers[at + r] = distribution_of(&logits[r * V()], V(), kTeacherTokens); });
    }
    auto next = std::make_move_iterator(teachers.begin());
    for (StoredExample* e : missing) {
      const auto& kl = e->example.kl_weights;
      const auto count = kl.end() - kl.begin() - 1 - std::count(kl.begin() + 1, kl.end(), 0.0f);
      e->teacher.assign(next, next + count);
      next += count;
    }
  }

  // Losses of the final hidden states x [n, D], one for each of `rows`; with dx [n, D], also their gradient.
  void losses(const std::vector<LossRow>& rows, BatchLoss& out, float* gradient) {
    const int64_t total = static_cast<int64_t>(rows.size());
    for (int64_t at = 0; at < total; at += kLossRows) {
      if (cancelled.load(std::memory_order_relaxed)) throw Error("cancelled", "Cancelled.");
      const int64_t n = std::min(kLossRows, total - at);
      head_forward(&x[at * D()], n);
      std::vector<RowLoss> results(n);
      pool.parallel_for(n, [&](int64_t i) {
        const LossRow& r = rows[at + i];
        float* row = &logits[i * V()];
        const float cap = model->config.logit_cap;
        const std::vector<float> capped(row, row + (cap > 0 ? V() : 0));  // loss_row() overwrites them
        results[i] = loss_row(row, V(), r.target, r.weight * r.scale, r.base, r.kl_weight * r.kl_scale);
        if (cap > 0) soft_cap_backward(row, capped.data(), cap, V());
      });
      for (int64_t i = 0; i < n; i++) {
        const LossRow& r = rows[at + i];
        ExampleLoss& e = out.examples[r.item];
        // A sum of squares that overflowed is normed to zero: all tokens look equally likely, and the loss looks sane.
        if (!(rstd[i] > 0)) e.sum_loss = NAN;
        if (r.target >= 0) {
          e.sum_loss += r.weight * results[i].cross_entropy;
          e.sum_weights += r.weight;
          e.max_loss = std::max(e.max_loss, results[i].cross_entropy);
          e.tokens++;
          e.correct += results[i].correct ? 1 : 0;
        }
        if (r.base != nullptr) {
          e.sum_kl += r.kl_weight * results[i].kl;
          e.sum_kl_weights += r.kl_weight;
        }
      }
      if (gradient == nullptr) continue;
      model->head.backward(logits.data(), norm.data(), n, false, pool);  // norm is not needed again
      head_flop += 2.0 * n * D() * V();
      std::fill_n(gradient + at * D(), n * D(), 0.0f);
      rmsnorm_backward(gradient + at * D(), &x[at * D()], model->output_norm.data(), rstd.data(), norm.data(), n, D(),
                       pool);
    }
  }

  // How many of the upper layers keep what they computed for a batch of T rows.
  int64_t kept_layers(int64_t T) {
    if (memory_limit <= 0) return model->config.n_layers;
    most_rows = std::max(most_rows, T);
    const auto need_of = [&](int64_t rows) { return memory_need(model->config, model->bytes(), lora.config(), rows); };
    const MemoryNeed need = need_of(T), largest = need_of(most_rows);
    // Work space stays as large as the largest batch has made it.
    const int64_t taken = hidden_bytes + largest.work - need.work + largest.whole - need.whole;
    const int64_t kept = need.kept_layers(memory_limit - taken);
    if (kept >= 0) return kept;
    const auto mb = [](int64_t bytes) { return std::to_string((bytes + 999999) / 1000000) + " MB"; };
    throw Error("memory",
                "A batch of " + std::to_string(T) + " tokens needs " + mb(need.least() + taken) +
                    ", of which the model takes " + mb(need.model) + "; the limit is " + mb(memory_limit) + ".",
                "Train on fewer or shorter examples at a time, adapt fewer layers, or raise the limit.");
  }

  BatchLoss run(const std::vector<BatchItem>& batch, bool train) {
    Running running(*this);
    std::vector<StoredExample*> items;
    for (const BatchItem& item : batch) {
      if (item.example < 0 || item.example >= static_cast<int64_t>(examples.size())) {
        throw Error("usage", "There is no example " + std::to_string(item.example) + ".");
      }
      if (!std::isfinite(item.scale) || !std::isfinite(item.kl_scale))
        throw Error("usage", "The scale of an example is not a number.");
      items.push_back(&examples[item.example]);
    }
    BatchLoss out;
    out.examples.resize(items.size());
    if (items.empty()) return out;
    const double flop_before = transformer.flop() + head_flop;
    prepare(items);
    compute_teachers(items);
    Layout layout = lay_out({items.begin(), items.end()});
    const std::vector<LossRow> rows = loss_rows(batch, items, layout);
    for (const LossRow& row : rows) layout.rows.outputs.push_back(row.row);
    lower_layers(items, layout);

    const int64_t T = layout.rows.size();
    // Only training moves on to the next mask: looking at a loss in between changes nothing.
    const Dropout dropout{train ? lora.config().dropout : 0, train ? mix64_of(lora.config().seed, ++passes) : 0};
    if (train) {
      transformer.forward(layout.rows, first(), x.data(), dropout, kept_layers(T));
      sized(dx, T * D());
      losses(rows, out, dx.data());
      transformer.backward(layout.rows, first(), dx.data(), dropout);
    } else {
      transformer.run(layout.rows, first(), model->config.n_layers, x.data(), true);
      losses(rows, out, nullptr);
    }
    for (const ExampleLoss& e : out.examples) {
      if (!std::isfinite(e.sum_loss) || !std::isfinite(e.sum_kl)) {
        throw Error("diverged",
                    "The loss of step " + std::to_string(optimizer.steps() + 1) + " is not a finite number.",
                    "Lower the learning rate.");
      }
    }
    out.computed_tokens = T;
    out.flop = transformer.flop() + head_flop - flop_before;
    return out;
  }

  static uint64_t mix64_of(uint64_t seed, uint64_t pass) { return seed * 0x9e3779b97f4a7c15ull + pass; }

  uint64_t passes = 0, passes_at_update = 0;
  double head_flop = 0;
};

Trainer::Trainer(std::shared_ptr<const Model> model, const LoraConfig& lora, const OptimizerConfig& optimizer,
                 int threads, int64_t memory_limit, std::shared_ptr<Cores> cores)
    : state_(std::make_unique<State>(std::move(model), lora, optimizer, threads, memory_limit, std::move(cores))) {}

Trainer::~Trainer() = default;

int64_t Trainer::add(Example example) {
  const size_t n = example.tokens.size();
  if (n < 2) throw Error("empty", "An example needs at least two tokens.");
  if (static_cast<int64_t>(n) > state_->model->config.n_ctx) {
    throw Error("too_long",
                "An example has " + std::to_string(n) + " tokens, the model's context " +
                    std::to_string(state_->model->config.n_ctx) + ".",
                "Cut the text into pieces.");
  }
  if (example.weights.size() != n || (!example.kl_weights.empty() && example.kl_weights.size() != n)) {
    throw Error("usage", "An example needs as many weights as tokens.");
  }
  for (int32_t token : example.tokens) {
    if (token < 0 || token >= state_->V())
      throw Error("usage", "Token " + std::to_string(token) + " is outside the vocabulary.");
  }
  for (const std::vector<float>* weights : {&example.weights, &example.kl_weights}) {
    for (float w : *weights) {
      if (!std::isfinite(w) || w < 0) throw Error("usage", "A weight is not a number from 0.");
    }
  }
  // A loss at a row that nothing is adapted in would teach nothing.
  StoredExample stored{std::move(example), nullptr, {}, {}};
  const int64_t from = stored.example.adapted_from;
  if (from < 0 || (from > 0 && from >= std::min(stored.first_target(), stored.rows()))) {
    throw Error("usage", "The adapter must work before the first token with a weight.");
  }
  state_->examples.push_back(std::move(stored));
  return static_cast<int64_t>(state_->examples.size()) - 1;
}

BatchLoss Trainer::backward(const std::vector<BatchItem>& batch) {
  try {
    return state_->run(batch, true);
  } catch (...) {
    discard();  // half a pass is worth nothing
    throw;
  }
}

BatchLoss Trainer::evaluate(const std::vector<BatchItem>& batch) { return state_->run(batch, false); }

UpdateResult Trainer::update(double learning_rate) {
  const Cores::Training training(state_->cores);
  const double rate = learning_rate < 0 ? state_->optimizer.config().learning_rate : learning_rate;
  const double norm = state_->optimizer.step(state_->lora, rate, &state_->pool);
  state_->passes_at_update = state_->passes;
  return {norm, state_->optimizer.steps()};
}

std::vector<float> Trainer::logits(const std::vector<int32_t>& tokens) {
  State& s = *state_;
  State::Running running(s);
  Rows rows;
  for (size_t i = 0; i < tokens.size(); i++) {
    if (tokens[i] < 0 || tokens[i] >= s.V())
      throw Error("usage", "Token " + std::to_string(tokens[i]) + " is outside the vocabulary.");
    rows.tokens.push_back(tokens[i]);
    rows.positions.push_back(static_cast<int32_t>(i));
  }
  if (rows.size() == 0) throw Error("empty", "No tokens.");
  if (rows.size() > s.model->config.n_ctx) throw Error("too_long", "The text is longer than the model's context.");
  rows.segments.push_back({0, rows.size(), 0});
  for (int64_t i = 0; i < rows.size(); i++) rows.outputs.push_back(i);
  std::vector<float> hidden(rows.size() * s.D()), out(rows.size() * s.V());
  s.transformer.embed(rows, hidden.data());
  s.transformer.run(rows, 0, s.model->config.n_layers, hidden.data(), true);
  for (int64_t at = 0; at < rows.size(); at += kLossRows) {
    const int64_t n = std::min(kLossRows, rows.size() - at);
    s.head_forward(&hidden[at * s.D()], n);
    std::copy_n(s.logits.data(), n * s.V(), &out[at * s.V()]);
  }
  return out;
}

void Trainer::save(const std::string& path) const { write_adapter(state_->lora, state_->model->config, path); }

void Trainer::load(const std::string& path) {
  read_adapter(state_->lora, state_->model->config, path);
  state_->optimizer = Optimizer(state_->optimizer.config());
  discard();
}

void Trainer::save_state(const std::string& path) const {
  const TrainingState state{state_->optimizer.state(), state_->passes_at_update};
  write_training_state(state, state_->optimizer.config(), state_->lora, path);
}

void Trainer::load_state(const std::string& path) {
  TrainingState state = read_training_state(state_->optimizer.config(), state_->lora, path);
  state_->optimizer.restore(std::move(state.optimizer));
  state_->passes_at_update = state.passes;
  discard();
}

void Trainer::discard() {
  state_->lora.clear_gradients();
  state_->passes = state_->passes_at_update;
}

void Trainer::cancel() {
  if (state_->running) state_->cancelled = true;
}

const Lora& Trainer::lora() const { return state_->lora; }
Lora& Trainer::lora() { return state_->lora; }

}  // namespace engram
