// Norm, gated activations, soft cap and losses (see ops.hpp); attention, rotary embedding and the norm of single heads
// have files of their own.
#include "ops.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../cpu.hpp"
#include "rows.hpp"
#include "vector.hpp"

namespace engram {

namespace vec {
const Table& table() {
#if defined(__x86_64__) || defined(_M_X64)
  static const Table& chosen = isa_available(Isa::avx512) ? avx512 : isa_available(Isa::avx2) ? avx2 : portable;
  return chosen;
#else
  return portable;
#endif
}
}  // namespace vec

void rmsnorm_forward(float* y, float* rstd, const float* x, const float* w, float eps, int64_t T, int64_t D,
                     ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  for_rows(T, pool, [&](int64_t t) {
    const double mean = vec.sum_squares(x + t * D, D) / static_cast<double>(D);
    rstd[t] = static_cast<float>(1 / std::sqrt(mean + eps));
    vec.mul_scale(y + t * D, x + t * D, w, rstd[t], D);
  });
}

void rmsnorm_again(float* y, const float* rstd, const float* x, const float* w, int64_t T, int64_t D,
                   ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  for_rows(T, pool, [&](int64_t t) { vec.mul_scale(y + t * D, x + t * D, w, rstd[t], D); });
}

void rmsnorm_backward(float* dx, const float* x, const float* w, const float* rstd, const float* dy, int64_t T,
                      int64_t D, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  for_rows(T, pool, [&](int64_t t) {
    const float *row = x + t * D, *dyt = dy + t * D;
    const double sum = vec.dot3(dyt, w, row, D);  // Σ dy w x
    const float mean = static_cast<float>(sum * rstd[t] * rstd[t] / static_cast<double>(D));
    vec.rmsnorm_dx(dx + t * D, row, w, dyt, rstd[t], mean, D);
  });
}

namespace {

// Row by row over [T, 2 F], a row of gate and then one of up.
void gated_forward(decltype(vec::Table::swiglu) op, float* y, const float* gate_up, int64_t T, int64_t F,
                   ThreadPool& pool) {
  for_rows(T, pool, [&](int64_t t) { op(y + t * F, gate_up + 2 * t * F, gate_up + (2 * t + 1) * F, F); });
}

void gated_backward(decltype(vec::Table::swiglu_backward) op, float* d_gate_up, const float* gate_up, const float* dy,
                    int64_t T, int64_t F, ThreadPool& pool) {
  for_rows(T, pool, [&](int64_t t) {
    const int64_t gate = 2 * t * F, up = gate + F;
    op(d_gate_up + gate, d_gate_up + up, gate_up + gate, gate_up + up, dy + t * F, F);
  });
}

}  // namespace

void swiglu_forward(float* y, const float* gate_up, int64_t T, int64_t F, ThreadPool& pool) {
  gated_forward(vec::table().swiglu, y, gate_up, T, F, pool);
}
void swiglu_backward(float* d_gate_up, const float* gate_up, const float* dy, int64_t T, int64_t F, ThreadPool& pool) {
  gated_backward(vec::table().swiglu_backward, d_gate_up, gate_up, dy, T, F, pool);
}

void geglu_forward(float* y, const float* gate_up, int64_t T, int64_t F, ThreadPool& pool) {
  gated_forward(vec::table().geglu, y, gate_up, T, F, pool);
}
void geglu_backward(float* d_gate_up, const float* gate_up, const float* dy, int64_t T, int64_t F, ThreadPool& pool) {
  gated_backward(vec::table().geglu_backward, d_gate_up, gate_up, dy, T, F, pool);
}

void soft_cap_forward(float* x, float cap, int64_t n) { vec::table().soft_cap(x, cap, n); }

void soft_cap_backward(float* dx, const float* y, float cap, int64_t n) {
  vec::table().soft_cap_backward(dx, y, cap, n);
}

void add_rows(float* y, const float* x, int64_t stride, int64_t T, int64_t D, ThreadPool& pool) {
  const vec::Table& vec = vec::table();
  for_rows(T, pool, [&](int64_t t) { vec.add(y + t * D, x + t * stride, D); });
}

void copy_rows(float* to, const float* from, int64_t T, int64_t D, ThreadPool& pool) {
  for_rows(T, pool, [&](int64_t t) { std::copy_n(from + t * D, D, to + t * D); });
}

Distribution distribution_of(float* logits, int64_t V, int64_t k) {
  const vec::Table& vec = vec::table();
  k = std::min(k, V);
  Distribution out;
  out.ids.resize(V);
  std::iota(out.ids.begin(), out.ids.end(), 0);
  const double total = vec.exp_sum(logits, vec.max(logits, V), V);
  const auto likelier = [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
  if (k < V) std::nth_element(out.ids.begin(), out.ids.begin() + k, out.ids.end(), likelier);
  out.ids.resize(k);
  out.ids.shrink_to_fit();
  double named = 0;
  for (int32_t id : out.ids) {
    out.probabilities.push_back(static_cast<float>(logits[id] / total));
    named += logits[id] / total;
  }
  out.rest = k < V ? std::max(0.0, 1 - named) : 0;
  return out;
}

RowLoss loss_row(float* logits, int64_t V, int32_t target, float weight, const Distribution* base, float kl_weight) {
  const vec::Table& vec = vec::table();
  RowLoss out;
  const float max = vec.max(logits, V);
  const float target_logit = target >= 0 ? logits[target] : 0;
  std::vector<float> base_logits;
  if (base != nullptr) {
    for (int32_t id : base->ids) base_logits.push_back(logits[id]);
  }
  const double total = vec.exp_sum(logits, max, V);
  const double log_total = std::log(total) + max;
  if (target >= 0) {
    out.cross_entropy = log_total - target_logit;
    out.correct = target_logit >= max;
  } else {
    weight = 0;
  }

  // d(CE) = q - onehot(target). d(KL) = q - p for the tokens that base names; for the rest, of which only the sum is
  // known, q · (1 - p_rest / q_rest): chain rule through log of the sum.
  double rest_factor = 1;
  if (base != nullptr) {
    double named = 0;
    for (size_t i = 0; i < base->ids.size(); i++) {
      const double p = base->probabilities[i], log_q = base_logits[i] - log_total;
      if (p > 0) out.kl += p * (std::log(p) - log_q);
      named += std::exp(log_q);
    }
    if (base->rest > 0) {
      const double q_rest = std::max(1 - named, 1e-6);
      out.kl += base->rest * (std::log(base->rest) - std::log(q_rest));
      rest_factor = 1 - base->rest / q_rest;
    }
  } else {
    kl_weight = 0;
  }

  std::vector<float> named_gradient(base_logits.size());
  for (size_t i = 0; i < named_gradient.size(); i++) {
    const double q = logits[base->ids[i]] / total;
    named_gradient[i] = static_cast<float>(weight * q + kl_weight * (q - base->probabilities[i]));
  }
  vec.scale(logits, static_cast<float>((weight + kl_weight * rest_factor) / total), V);
  for (size_t i = 0; i < named_gradient.size(); i++) logits[base->ids[i]] = named_gradient[i];
  if (target >= 0) logits[target] -= weight;
  return out;
}

}  // namespace engram
