// A batch of examples as the transformer sees it: which rows they make, and at which rows there is a loss. Not here:
// what is computed at them (trainer.cpp).
#pragma once

#include <cstdint>
#include <vector>

#include "ops/ops.hpp"
#include "trainer.hpp"
#include "transformer.hpp"

namespace engram {

// An example and what is computed of it once.
struct StoredExample {
  Example example;
  std::vector<float> hidden;          // [n - 1, D] input of the first adapted layer, once computed
  std::vector<Distribution> teacher;  // for each token with a KL weight, in order, once computed
  // The last token predicts nothing, so it is no row.
  int64_t rows() const { return static_cast<int64_t>(example.tokens.size()) - 1; }
  int64_t first_target() const {
    for (int64_t i = 1; i <= rows(); i++) {
      if (example.weights[i] != 0 || (!example.kl_weights.empty() && example.kl_weights[i] != 0)) return i;
    }
    return rows() + 1;
  }
};

// Where the rows of each example lie in a batch: row i of it is i where i < prefix, else start + i - prefix.
struct Layout {
  Rows rows;
  int64_t prefix = 0;
  std::vector<int64_t> start;
  int64_t row(size_t item, int64_t i) const { return i < prefix ? i : start[item] + i - prefix; }
};

// Examples end to end, what all of them begin with and none has a loss on only once.
Layout lay_out(const std::vector<const StoredExample*>& examples);

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
