// Rows of a batch (see batch.hpp).
#include "batch.hpp"

#include <algorithm>

namespace engram {
namespace {

// What all examples begin with and none has a loss on.
int64_t shared_prefix(const std::vector<const StoredExample*>& examples) {
  if (examples.size() < 2) return 0;
  int64_t n = examples[0]->rows();
  for (const StoredExample* e : examples) {
    // At least one row stays its own; the row that predicts the first target is its own too.
    n = std::min({n, e->rows() - 1, e->first_target() - 1});
    for (int64_t i = 0; i < n; i++) {
      if (e->example.tokens[i] != examples[0]->example.tokens[i]) n = i;
    }
  }
  return std::max<int64_t>(n, 0);
}

}  // namespace

Layout lay_out(const std::vector<const StoredExample*>& examples) {
  Layout out;
  out.prefix = shared_prefix(examples);
  const auto append = [&](const StoredExample& e, int64_t from, int64_t to, int64_t prefix) {
    out.rows.segments.push_back({out.rows.size(), to - from, prefix});
    for (int64_t i = from; i < to; i++) {
      out.rows.tokens.push_back(e.example.tokens[i]);
      out.rows.positions.push_back(static_cast<int32_t>(i));
    }
  };
  if (out.prefix > 0) append(*examples[0], 0, out.prefix, 0);
  for (const StoredExample* e : examples) {
    out.start.push_back(out.rows.size());
    append(*e, out.prefix, e->rows(), out.prefix);
  }
  return out;
}

std::vector<LossRow> loss_rows(const std::vector<BatchItem>& batch, const std::vector<StoredExample*>& items,
                               const Layout& layout) {
  std::vector<LossRow> out;
  for (size_t i = 0; i < items.size(); i++) {
    const Example& e = items[i]->example;
    size_t next_teacher = 0;
    for (int64_t t = 1; t <= items[i]->rows(); t++) {
      const float kl = e.kl_weights.empty() ? 0 : e.kl_weights[t];
      const Distribution* base = kl != 0 ? &items[i]->teacher[next_teacher++] : nullptr;
      if (e.weights[t] == 0 && kl == 0) continue;
      out.push_back({layout.row(i, t - 1), static_cast<int64_t>(i), e.weights[t] != 0 ? e.tokens[t] : -1, e.weights[t],
                     kl, batch[i].scale, batch[i].kl_scale, base});
    }
  }
  return out;
}

}  // namespace engram
