// Norm, head and losses in chunks of rows (see loss_head.hpp).
#include "loss_head.hpp"

#include <algorithm>
#include <cmath>

#include "error.hpp"
#include "ops/ops.hpp"

namespace engram {
namespace {

constexpr int64_t kTeacherTokens = 256;  // of a distribution that are kept by name

void add(const LossRow& row, const RowLoss& loss, ExampleLoss& to) {
  if (row.target >= 0) {
    to.sum_loss += row.weight * loss.cross_entropy;
    to.sum_weights += row.weight;
    to.max_loss = std::max(to.max_loss, loss.cross_entropy);
    to.tokens++;
    to.correct += loss.correct ? 1 : 0;
  }
  if (row.base != nullptr) {
    to.sum_kl += row.kl_weight * loss.kl;
    to.sum_kl_weights += row.kl_weight;
  }
}

}  // namespace

// logits [n, V] of final hidden states [n, D]
void LossHead::forward(const float* hidden, int64_t n) {
  rmsnorm_forward(sized(norm_, n * D()), sized(rstd_, n), hidden, model_.output_norm.data(), model_.config.norm_eps, n,
                  D(), pool_);
  model_.head.forward(norm_.data(), sized(logits_, n * V()), n, false, pool_);
  if (const float cap = model_.config.logit_cap; cap > 0)
    pool_.parallel_for(n, [&](int64_t i) { soft_cap_forward(&logits_[i * V()], cap, V()); });
  flop_ += 2.0 * n * D() * V();
}

void LossHead::losses(const float* hidden, const std::vector<LossRow>& rows, BatchLoss& out, float* gradient) {
  const int64_t total = static_cast<int64_t>(rows.size());
  const float cap = model_.config.logit_cap;
  for (int64_t at = 0; at < total; at += kRows) {
    if (cancelled_.load(std::memory_order_relaxed)) throw Error("cancelled", "Cancelled.");
    const int64_t n = std::min(kRows, total - at);
    forward(hidden + at * D(), n);
    std::vector<RowLoss> results(n);
    pool_.parallel_for(n, [&](int64_t i) {
      const LossRow& r = rows[at + i];
      float* row = &logits_[i * V()];
      const std::vector<float> capped(row, row + (cap > 0 ? V() : 0));  // loss_row() overwrites them
      results[i] = loss_row(row, V(), r.target, r.weight * r.scale, r.base, r.kl_weight * r.kl_scale);
      if (cap > 0) soft_cap_backward(row, capped.data(), cap, V());
    });
    for (int64_t i = 0; i < n; i++) {
      ExampleLoss& example = out.examples[rows[at + i].item];
      // A sum of squares that overflowed is normed to zero: all tokens look equally likely, and the loss looks sane.
      if (!(rstd_[i] > 0)) example.sum_loss = NAN;
      add(rows[at + i], results[i], example);
    }
    if (gradient == nullptr) continue;
    model_.head.backward(logits_.data(), norm_.data(), n, false, pool_);  // norm is not needed again
    flop_ += 2.0 * n * D() * V();
    std::fill_n(gradient + at * D(), n * D(), 0.0f);
    rmsnorm_backward(gradient + at * D(), hidden + at * D(), model_.output_norm.data(), rstd_.data(), norm_.data(), n,
                     D(), pool_);
  }
}

std::vector<Distribution> LossHead::distributions(const float* hidden, int64_t n) {
  std::vector<Distribution> out(n);
  for (int64_t at = 0; at < n; at += kRows) {
    const int64_t count = std::min(kRows, n - at);
    forward(hidden + at * D(), count);
    pool_.parallel_for(count,
                       [&](int64_t r) { out[at + r] = distribution_of(&logits_[r * V()], V(), kTeacherTokens); });
  }
  return out;
}

std::vector<float> LossHead::log_probabilities(const float* hidden, int64_t n, const std::vector<int32_t>& tokens) {
  const int64_t wanted = static_cast<int64_t>(tokens.size());
  std::vector<float> out(n * wanted);
  for (int64_t at = 0; at < n; at += kRows) {
    if (cancelled_.load(std::memory_order_relaxed)) throw Error("cancelled", "Cancelled.");
    const int64_t count = std::min(kRows, n - at);
    forward(hidden + at * D(), count);
    pool_.parallel_for(count, [&](int64_t r) {
      float *row = &logits_[r * V()], *to = &out[(at + r) * wanted];
      for (int64_t i = 0; i < wanted; i++) to[i] = row[tokens[i]];
      // Of any one of them the loss says the logarithm of the softmax's sum. For rstd see losses().
      const double total = to[0] + loss_row(row, V(), tokens[0], 0, nullptr, 0).cross_entropy;
      for (int64_t i = 0; i < wanted; i++) to[i] = rstd_[r] > 0 ? static_cast<float>(to[i] - total) : NAN;
    });
  }
  return out;
}

void LossHead::logits(const float* hidden, int64_t n, float* out) {
  for (int64_t at = 0; at < n; at += kRows) {
    const int64_t count = std::min(kRows, n - at);
    forward(hidden + at * D(), count);
    std::copy_n(logits_.data(), count * V(), out + at * V());
  }
}

}  // namespace engram
