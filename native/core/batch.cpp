// Rows of a batch (see batch.hpp).
#include "batch.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace engram {
namespace {

// A stretch of an example's tokens, of which the first `shareable` may be computed together with another's.
struct Stretch {
  const StoredExample* of;
  int64_t from, to, shareable;
  const Prefix* before;  // of what comes before `from`
};

int64_t shared_prefix(const std::vector<Stretch>& stretches) {
  if (stretches.size() < 2) return 0;
  const std::vector<int32_t>& first = stretches[0].of->example.tokens;
  int64_t n = stretches[0].shareable;
  for (const Stretch& s : stretches) {
    n = s.from == 0 ? std::min(n, s.shareable) : 0;
    for (int64_t i = 0; i < n; i++) {
      if (s.of->example.tokens[i] != first[i]) n = i;
    }
  }
  return std::max<int64_t>(n, 0);
}

Layout lay_out(const std::vector<Stretch>& stretches) {
  Layout out;
  out.prefix = shared_prefix(stretches);
  const auto append = [&](const Stretch& s, int64_t from, int64_t to, int64_t prefix, int64_t prefix_start) {
    out.rows.segments.push_back({out.rows.size(), to - from, prefix, prefix_start});
    for (int64_t i = from; i < to; i++) {
      out.rows.tokens.push_back(s.of->example.tokens[i]);
      out.rows.positions.push_back(static_cast<int32_t>(i));
    }
  };
  if (out.prefix > 0) append(stretches[0], 0, out.prefix, 0, 0);
  std::map<std::pair<const Prefix*, int64_t>, int64_t> contexts;  // where each begins
  int64_t seen = out.prefix;                                      // rows of the batch, then those of contexts
  for (const Stretch& s : stretches) seen += s.to - std::max(s.from, out.prefix);
  for (const Stretch& s : stretches) {
    const int64_t from = std::max(s.from, out.prefix);
    out.start.push_back(out.rows.size() - from);
    if (s.from == 0) {
      append(s, from, s.to, out.prefix, 0);
    } else {
      const auto [at, is_new] = contexts.emplace(std::pair(s.before, s.from), seen);
      append(s, from, s.to, s.from, at->second);
      if (!is_new) continue;
      out.rows.contexts.push_back({s.before, s.from});
      seen += s.from;
    }
  }
  return out;
}

}  // namespace

StoredExample unended(Sequence sequence) {
  std::vector<float> weights(sequence.tokens.size(), 0.0f);
  weights.push_back(1);
  sequence.tokens.push_back(0);  // in the place of what comes next: whatever it is, it makes no row
  return {{std::move(sequence.tokens), std::move(weights), {}, sequence.adapted_from}, nullptr, {}, {}};
}

Layout lay_out(const std::vector<const StoredExample*>& examples) {
  std::vector<Stretch> stretches;
  for (const StoredExample* e : examples) {
    // At least one row stays its own; the row that predicts the first target is its own too.
    const int64_t shareable = std::min(e->rows() - 1, e->first_target() - 1);
    stretches.push_back({e, e->example.adapted_from, e->rows(), shareable, e->context.get()});
  }
  return lay_out(stretches);
}

Layout lay_out_contexts(const std::vector<Unread>& unread) {
  std::vector<Stretch> stretches;
  for (const Unread& u : unread) {
    const int64_t to = u.example->example.adapted_from;
    stretches.push_back({u.example, u.rows, to, to - 1, u.known.get()});
  }
  return lay_out(stretches);
}

BatchSize size_of(const Rows& rows) {
  BatchSize out{.tokens = rows.size()};
  for (const Rows::Seen& context : rows.contexts) out.contexts += context.rows;
  for (const Segment& s : rows.segments) out.shared += s.prefix_start < rows.size() ? s.prefix : 0;
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
