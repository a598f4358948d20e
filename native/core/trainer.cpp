// The training step (see trainer.hpp): lay a batch out as rows, run it, take the loss at the rows that have one, run it
// back. Not here: the losses (loss_head.cpp) and what no step changes (frozen_parts.cpp).
#include "trainer.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "aligned.hpp"
#include "batch.hpp"
#include "checkpoint.hpp"
#include "cores.hpp"
#include "error.hpp"
#include "frozen_parts.hpp"
#include "loss_head.hpp"
#include "memory.hpp"
#include "transformer.hpp"

namespace engram {
namespace {

// Own rows that choices() computes in one pass: enough for products of matrices to be as fast as they get. With more,
// only work space grows.
constexpr int64_t kPassRows = 512;

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
        transformer(*model, &lora, pool, cancelled),
        head(*model, pool, cancelled),
        frozen(*model, lora.config().first_layer, limit, transformer, head) {
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
  LossHead head;
  FrozenParts frozen;
  std::vector<StoredExample> examples;
  BatchSize largest_batch;  // of those that were trained on
  uint64_t passes = 0, passes_at_update = 0;
  Floats x, dx;  // [T, D] work space

  int64_t D() const { return model->config.d_model; }
  int64_t V() const { return model->config.n_vocab; }
  int64_t first() const { return lora.config().first_layer; }
  double flop() const { return transformer.flop() + head.flop(); }

  // While one of these lives, cancel() has an effect, and generators know that the cores are wanted.
  struct Running {
    // A cancel() that came too early for the core to hear of it has set `stop`, which is looked at last.
    Running(State& s, const std::atomic<bool>* stop) : state(s), training(s.cores) {
      state.cancelled = false;
      state.running = true;
      if (stop != nullptr && *stop) state.cancelled = true;
    }
    ~Running() { state.running = false; }
    State& state;
    Cores::Training training;
  };

  MemoryNeed need_of(const BatchSize& size) const {
    return memory_need(model->config, static_cast<double>(model->bytes()), lora.config(), size);
  }

  Error too_large(int64_t tokens, double bytes) const {
    const auto mb = [](double bytes) { return std::to_string(static_cast<int64_t>(std::ceil(bytes / 1e6))) + " MB"; };
    return Error("memory",
                 "A batch of " + std::to_string(tokens) + " tokens needs " + mb(bytes) + ", of which the model takes " +
                     mb(static_cast<double>(model->bytes())) + "; the limit is " +
                     mb(static_cast<double>(memory_limit)) + ".",
                 "Train on fewer or shorter examples at a time, adapt fewer layers, or raise the limit.");
  }

  // Throws `memory` where already the contexts of these examples do not fit.
  void check_contexts(const std::vector<StoredExample*>& items) {
    if (memory_limit <= 0) return;
    const FrozenParts::Unknown unknown = frozen.unknown(items);
    if (unknown.bytes == 0) return;
    const MemoryNeed need = need_of({.tokens = unknown.rows});
    const double bytes =
        need.model + need.adapter + need.forward + need.whole + static_cast<double>(frozen.bytes() + unknown.bytes);
    if (bytes > static_cast<double>(memory_limit)) throw too_large(unknown.rows, bytes);
  }

  // How many of the upper layers keep what they computed for a batch. Throws `memory`.
  int64_t kept_layers(const BatchSize& size) {
    if (memory_limit <= 0) return model->config.n_layers;
    const MemoryNeed need = need_of(size), largest = need_of(largest_batch.grow(size)),
                     passes = need_of(frozen.largest());
    // Work space stays as large as the largest batch, or pass without gradients, has made it.
    const double work = largest.work + std::max(0.0, passes.forward - largest.forward);
    const double whole = std::max(largest.whole, passes.whole);
    const double taken = static_cast<double>(frozen.bytes()) + work - need.work + whole - need.whole;
    const int64_t kept = need.kept_layers(static_cast<double>(memory_limit) - taken);
    if (kept < 0) throw too_large(size.tokens, need.least() + taken);
    return kept;
  }

  BatchLoss run(const std::vector<BatchItem>& batch, bool train, const std::atomic<bool>* stop) {
    const Running running(*this, stop);
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
    const double flop_before = flop();
    check_contexts(items);
    frozen.prepare(items);
    Layout layout = lay_out({items.begin(), items.end()});
    const std::vector<LossRow> rows = loss_rows(batch, items, layout);
    for (const LossRow& row : rows) layout.rows.outputs.push_back(row.row);
    frozen.lower_layers(items, layout, x);

    const int64_t T = layout.rows.size();
    // Only training moves on to the next mask: looking at a loss in between changes nothing.
    const Dropout dropout{train ? lora.config().dropout : 0, train ? mix64_of(lora.config().seed, ++passes) : 0};
    if (train) {
      transformer.forward(layout.rows, first(), x.data(), dropout, kept_layers(size_of(layout.rows)));
      sized(dx, T * D());
      head.losses(x.data(), rows, out, dx.data());
      transformer.backward(layout.rows, first(), dx.data(), dropout);
    } else {
      transformer.run(layout.rows, first(), model->config.n_layers, x.data(), true);
      head.losses(x.data(), rows, out, nullptr);
    }
    for (const ExampleLoss& e : out.examples) {
      if (!std::isfinite(e.sum_loss) || !std::isfinite(e.sum_kl)) {
        throw Error("diverged",
                    "The loss of step " + std::to_string(optimizer.steps() + 1) + " is not a finite number.",
                    "Lower the learning rate.");
      }
    }
    out.computed_tokens = T;
    out.flop = flop() - flop_before;
    return out;
  }

  void check_vocabulary(const std::vector<int32_t>& tokens) const {
    for (const int32_t token : tokens) {
      if (token < 0 || token >= V())
        throw Error("usage", "Token " + std::to_string(token) + " is outside the vocabulary.");
    }
  }

  void check_length(size_t tokens, const char* what) const {
    if (static_cast<int64_t>(tokens) <= model->config.n_ctx) return;
    throw Error("too_long",
                std::string(what) + " has " + std::to_string(tokens) + " tokens, the model's context " +
                    std::to_string(model->config.n_ctx) + ".",
                "Cut the text into pieces.");
  }

  // The first of `sequences` that are computed in one pass, at least one. What the base model reads of them fits into
  // what is kept of it.
  std::vector<StoredExample> next_pass(std::span<Sequence> sequences) const {
    std::vector<StoredExample> out;
    int64_t own_rows = 0, context_bytes = 0;
    for (Sequence& s : sequences) {
      own_rows += static_cast<int64_t>(s.tokens.size()) - s.adapted_from;
      context_bytes += frozen.context_bytes(s.adapted_from);
      if (!out.empty() && (own_rows > kPassRows || context_bytes > frozen.most_idle_bytes())) break;
      out.push_back(unended(std::move(s)));
    }
    return out;
  }

  // Appends to `out` the log-probabilities of `among` after each sequence.
  void choose(std::vector<StoredExample> pass, const std::vector<int32_t>& among, std::vector<float>& out) {
    std::vector<StoredExample*> items;
    for (StoredExample& e : pass) items.push_back(&e);
    frozen.read_contexts(items);
    Layout layout = lay_out({items.begin(), items.end()});
    for (size_t i = 0; i < items.size(); i++) layout.rows.outputs.push_back(layout.row(i, items[i]->rows() - 1));
    transformer.embed(layout.rows, sized(x, layout.rows.size() * D()));
    transformer.run(layout.rows, 0, model->config.n_layers, x.data(), true);
    const std::vector<float> found = head.log_probabilities(x.data(), layout.rows.n_outputs(), among);
    out.insert(out.end(), found.begin(), found.end());
  }

  static uint64_t mix64_of(uint64_t seed, uint64_t pass) { return seed * 0x9e3779b97f4a7c15ull + pass; }
};

Trainer::Trainer(std::shared_ptr<const Model> model, const LoraConfig& lora, const OptimizerConfig& optimizer,
                 int threads, int64_t memory_limit, std::shared_ptr<Cores> cores)
    : state_(std::make_unique<State>(std::move(model), lora, optimizer, threads, memory_limit, std::move(cores))) {}

Trainer::~Trainer() = default;

int64_t Trainer::add(Example example) {
  const size_t n = example.tokens.size();
  if (n < 2) throw Error("empty", "An example needs at least two tokens.");
  state_->check_length(n, "An example");
  if (example.weights.size() != n || (!example.kl_weights.empty() && example.kl_weights.size() != n)) {
    throw Error("usage", "An example needs as many weights as tokens.");
  }
  state_->check_vocabulary(example.tokens);
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

BatchLoss Trainer::backward(const std::vector<BatchItem>& batch, const std::atomic<bool>* stop) {
  try {
    return state_->run(batch, true, stop);
  } catch (...) {
    discard();  // half a pass is worth nothing
    throw;
  }
}

BatchLoss Trainer::evaluate(const std::vector<BatchItem>& batch, const std::atomic<bool>* stop) {
  return state_->run(batch, false, stop);
}

UpdateResult Trainer::update(double learning_rate) {
  const Cores::Training training(state_->cores);
  const double rate = learning_rate < 0 ? state_->optimizer.config().learning_rate : learning_rate;
  const double norm = state_->optimizer.step(state_->lora, rate, &state_->pool);
  state_->passes_at_update = state_->passes;
  return {norm, state_->optimizer.steps()};
}

std::vector<float> Trainer::choices(std::vector<Sequence> sequences, const std::vector<int32_t>& among,
                                    const std::atomic<bool>* stop) {
  State& s = *state_;
  if (among.empty()) throw Error("empty", "There are no tokens to choose among.");
  s.check_vocabulary(among);
  for (const Sequence& sequence : sequences) {
    const auto n = static_cast<int64_t>(sequence.tokens.size());
    if (n == 0) throw Error("empty", "A sequence needs at least one token.");
    s.check_length(sequence.tokens.size(), "A sequence");
    s.check_vocabulary(sequence.tokens);
    if (sequence.adapted_from < 0 || sequence.adapted_from >= n)
      throw Error("usage", "The adapter must work on at least the last token of a sequence.");
  }
  const State::Running running(s, stop);
  std::vector<float> out;
  for (size_t first = 0; first < sequences.size();) {
    std::vector<StoredExample> pass = s.next_pass(std::span(sequences).subspan(first));
    first += pass.size();
    s.frozen.drop_idle_contexts();  // of the pass before, or of one that was cancelled
    s.choose(std::move(pass), among, out);
  }
  s.frozen.drop_idle_contexts();
  if (!std::all_of(out.begin(), out.end(), [](float x) { return std::isfinite(x); }))
    throw Error("diverged", "The adapter's probabilities are not finite numbers.", "Train it again.");
  return out;
}

std::vector<float> Trainer::logits(const std::vector<int32_t>& tokens, const std::atomic<bool>* stop) {
  State& s = *state_;
  const State::Running running(s, stop);
  Rows rows;
  s.check_vocabulary(tokens);
  for (size_t i = 0; i < tokens.size(); i++) {
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
  s.head.logits(hidden.data(), rows.size(), out.data());
  return out;
}

void Trainer::save(const std::string& path, AdapterType type) const {
  write_adapter(state_->lora, state_->model->config, path, type);
}

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
