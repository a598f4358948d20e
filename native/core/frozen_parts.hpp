// What of examples no step changes, computed by the base model once and kept: the contexts before their adapted part,
// the input of the first adapted layer, and what the base model says where a KL weight holds to it. Contexts of
// sequences that are no examples are kept too, as far as there is room. Not here: passes with the adapter
// (trainer.cpp).
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aligned.hpp"
#include "batch.hpp"
#include "loss_head.hpp"
#include "model.hpp"
#include "transformer.hpp"

namespace engram {

class FrozenParts {
 public:
  // Layers below `first` are frozen. `memory_limit` in bytes of the whole training; 0: none.
  FrozenParts(const Model& model, int64_t first, int64_t memory_limit, Transformer& transformer, LossHead& head)
      : model_(model), first_(first), memory_limit_(memory_limit), transformer_(transformer), head_(head) {}

  // Computes what these examples lack: their contexts, their teachers, and as far as there is room what the frozen
  // lower layers make of the rest.
  void prepare(const std::vector<StoredExample*>& items);
  // What prepare() would read of contexts: their bytes, and the rows of its longest pass.
  struct Unknown {
    int64_t bytes = 0, rows = 0;
  };
  Unknown unknown(const std::vector<StoredExample*>& items);
  // Of these the contexts only; they need not be stored.
  void read_contexts(const std::vector<StoredExample*>& items);
  // Drops contexts that no example holds, the least recently used first, until the rest of those fits.
  void drop_idle_contexts();
  // How many bytes of contexts that no example holds are kept.
  int64_t most_idle_bytes() const;
  // What a context takes.
  int64_t context_bytes(int64_t rows) const {
    const ModelConfig& c = model_.config;
    return rows * c.n_layers * 2 * c.n_kv_heads * c.head_dim * static_cast<int64_t>(sizeof(float));
  }
  // Fills x [T, D] with the input of the first adapted layer for every row of a layout.
  void lower_layers(const std::vector<StoredExample*>& items, const Layout& layout, Floats& x);

  int64_t bytes() const { return context_bytes_ + hidden_bytes_; }
  // The largest of the passes there were; all are without gradients.
  const BatchSize& largest() const { return largest_; }

 private:
  using Tokens = std::span<const int32_t>;
  using Contexts = std::list<std::shared_ptr<const Prefix>>;
  struct Hash {
    size_t operator()(Tokens tokens) const;
  };
  struct Equal {
    bool operator()(Tokens a, Tokens b) const;
  };
  // The context of exactly these tokens, now the last used, or null.
  std::shared_ptr<const Prefix> known(Tokens tokens);
  void keep(std::shared_ptr<const Prefix> context);
  int64_t idle_bytes() const;
  // Contexts that one pass computes.
  struct Reading {
    std::vector<Unread> unread;
    std::vector<std::shared_ptr<Prefix>> fresh;                                   // one for each of these
    std::vector<std::pair<StoredExample*, std::shared_ptr<const Prefix>>> found;  // given when all is computed
    int64_t rows = 0;
  };
  int64_t most_pass_rows() const;
  Unread unread(const StoredExample& example) const;
  void read(Reading& pass);
  struct Hidden {
    Layout layout;
    Floats x;
  };
  Hidden hidden_of(const std::vector<StoredExample*>& items);
  void cache_hidden(const std::vector<StoredExample*>& items);
  void ask_teacher(const std::vector<StoredExample*>& items);
  int64_t D() const { return model_.config.d_model; }

  const Model& model_;
  const int64_t first_, memory_limit_;
  Transformer& transformer_;
  LossHead& head_;
  Contexts contexts_;                                                      // each once, the last used first
  std::unordered_map<Tokens, Contexts::iterator, Hash, Equal> by_tokens_;  // which are the contexts' own
  int64_t context_bytes_ = 0, hidden_bytes_ = 0;                           // of what is kept
  BatchSize largest_;
};

}  // namespace engram
