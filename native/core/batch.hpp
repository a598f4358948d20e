// A batch of examples as the transformer sees it: which rows they make, and at which rows there is a loss. Not here:
// what is computed at them (trainer.cpp).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "memory.hpp"
#include "ops/ops.hpp"
#include "trainer.hpp"
#include "transformer.hpp"

namespace engram {

// An example and what is computed of it once.
struct StoredExample {
  Example example;
  std::shared_ptr<const Prefix> context;  // of the tokens before `adapted_from`, once computed; others may share it
  std::vector<float> hidden;              // [own_rows, D] input of the first adapted layer, once computed
  std::vector<Distribution> teacher;      // for each token with a KL weight, in order, once computed
  // Rows of the example: the last token predicts nothing, so it is none.
  int64_t rows() const { return static_cast<int64_t>(example.tokens.size()) - 1; }
  // Those that are computed at every pass, from `adapted_from` on.
  int64_t own_rows() const { return rows() - example.adapted_from; }
  int64_t first_target() const {
    for (int64_t i = 1; i <= rows(); i++) {
      if (example.weights[i] != 0 || (!example.kl_weights.empty() && example.kl_weights[i] != 0)) return i;
    }
    return rows() + 1;
  }
};

// A sequence that is to be gone on with, as an example that has a loss there only.
StoredExample unended(Sequence sequence);

// Where the rows of each example lie in a batch: row i of it is i where i < prefix, else start + i.
struct Layout {
  Rows rows;
  int64_t prefix = 0;
  std::vector<int64_t> start;
  int64_t row(size_t item, int64_t i) const { return i < prefix ? i : start[item] + i; }
};

// The own rows of examples end to end; what all of them begin with and none has a loss on only once, and each context
// once. The contexts must be there.
Layout lay_out(const std::vector<const StoredExample*>& examples);
// The rows before `adapted_from` in the same way, as far as no known context begins with them.
struct Unread {
  const StoredExample* example;
  std::shared_ptr<const Prefix> known;  // may be null
  int64_t rows;                         // of it
};
Layout lay_out_contexts(const std::vector<Unread>& unread);
// What counts for memory.
BatchSize size_of(const Rows& rows);

// One row at which a loss is taken.
struct LossRow {
  int64_t row;   // in the layout
  int64_t item;  // of the batch
  int32_t target;
  float weight, kl_weight;  // as in the example
  float scale, kl_scale;    // of the batch
  const Distribution* base;
};

// In the order of the rows; teachers must be there.
std::vector<LossRow> loss_rows(const std::vector<BatchItem>& batch, const std::vector<StoredExample*>& items,
                               const Layout& layout);

}  // namespace engram
