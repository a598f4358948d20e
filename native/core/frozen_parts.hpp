// What of examples no step changes, computed by the base model once and kept: the contexts before their adapted part,
// the input of the first adapted layer, and what the base model says where a KL weight holds to it. Not here: passes
// with the adapter (trainer.cpp).
#pragma once

#include <cstdint>
#include <memory>
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
  // Fills x [T, D] with the input of the first adapted layer for every row of a layout.
  void lower_layers(const std::vector<StoredExample*>& items, const Layout& layout, Floats& x);

  int64_t bytes() const { return bytes_; }

 private:
  void read_contexts(const std::vector<StoredExample*>& items);
  void cache_hidden(const std::vector<StoredExample*>& items);
  void ask_teacher(const std::vector<StoredExample*>& items);
  int64_t D() const { return model_.config.d_model; }

  const Model& model_;
  const int64_t first_, memory_limit_;
  Transformer& transformer_;
  LossHead& head_;
  std::vector<std::shared_ptr<const Prefix>> contexts_;  // of all examples, each once
  int64_t bytes_ = 0;                                    // of what is kept
};

}  // namespace engram
