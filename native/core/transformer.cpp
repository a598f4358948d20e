// Forward and backward pass, layer by layer (see transformer.hpp).
#include "transformer.hpp"

#include <algorithm>

#include "error.hpp"
#include "random.hpp"

namespace engram {
namespace {

// Grows a buffer and never shrinks it, so that a training settles into no allocations at all.
float* sized(std::vector<float>& buffer, int64_t n) {
  if (static_cast<int64_t>(buffer.size()) < n) buffer.resize(n);
  return buffer.data();
}

// out = x with a share of its values zeroed and the rest scaled up; the mask depends on the place, not on the thread.
void drop(float* out, const float* x, int64_t T, int64_t n_in, const Dropout& dropout, uint64_t place,
          ThreadPool& pool) {
  const uint64_t seed = mix64(dropout.seed * 1000003 + place);
  const float keep = static_cast<float>(1 / (1 - dropout.share));
  pool.parallel_for(T, [&](int64_t t) {
    for (int64_t i = t * n_in; i < (t + 1) * n_in; i++) {
      out[i] = uniform_at(seed, static_cast<uint64_t>(i)) < dropout.share ? 0 : x[i] * keep;
    }
  });
}

}  // namespace

void Transformer::check_cancelled() const {
  if (cancelled_.load(std::memory_order_relaxed)) throw Error("cancelled", "Cancelled.");
}

void Transformer::embed(const Rows& rows, float* x) {
  const int64_t D = model_.config.d_model;
  pool_.parallel_for(rows.size(), [&](int64_t t) { model_.token_embedding.row(rows.tokens[t], x + t * D); });
}

void Transformer::run(const Rows& rows, int64_t first, int64_t last, float* x, bool adapted, const Dropout& dropout) {
  for (int64_t layer = first; layer < last; layer++) layer_forward(rows, layer, x, adapted, dropout, scratch_);
}

void Transformer::forward(const Rows& rows, int64_t first, float* x, const Dropout& dropout) {
  kept_.resize(model_.config.n_layers);
  for (int64_t layer = first; layer < model_.config.n_layers; layer++)
    layer_forward(rows, layer, x, true, dropout, kept_[layer]);
}

void Transformer::backward(const Rows& rows, int64_t first, float* dx, const Dropout& dropout) {
  for (int64_t layer = model_.config.n_layers - 1; layer >= first; layer--) {
    layer_backward(rows, layer, dx, layer > first, dropout, kept_[layer]);
  }
}

// y[T, n_out] = W x, plus the adapter's share.
void Transformer::project(int64_t layer, Target target, const float* x, float* y, int64_t T, bool accumulate,
                          bool adapted, const Dropout& dropout, Kept& kept) {
  const FrozenMatrix& W = model_.layers[layer].at(target);
  W.forward(x, y, T, accumulate, pool_);
  flop_ += 2.0 * T * W.n_in() * W.n_out();
  if (!adapted || lora_ == nullptr || !lora_->at(layer, target).active()) return;
  const LoraPair& pair = lora_->at(layer, target);
  if (dropout.share > 0) {
    float* dropped = sized(dropped_, T * W.n_in());
    drop(dropped, x, T, W.n_in(), dropout, static_cast<uint64_t>(layer * kTargets + static_cast<int>(target)), pool_);
    x = dropped;
  }
  pair.forward(x, sized(kept.h[static_cast<int>(target)], T * pair.rank), y, T, pool_);
  flop_ += 2.0 * T * pair.rank * (pair.n_in + pair.n_out);
}

// dx[T, n_in] += Wᵀ dy, plus the adapter's share, whose gradients grow. dx may be null.
void Transformer::project_backward(int64_t layer, Target target, const float* x, const float* dy, float* dx, int64_t T,
                                   const Dropout& dropout, Kept& kept) {
  const FrozenMatrix& W = model_.layers[layer].at(target);
  if (dx != nullptr) {
    W.backward(dy, dx, T, true, pool_);
    flop_ += 2.0 * T * W.n_in() * W.n_out();
  }
  LoraPair& pair = lora_->at(layer, target);
  if (!pair.active()) return;
  const float* h = kept.h[static_cast<int>(target)].data();
  float* dh = sized(dh_, T * pair.rank);
  flop_ += 2.0 * T * pair.rank * (2 * pair.n_out + (dx != nullptr ? 2 : 1) * pair.n_in);
  if (dropout.share == 0) {
    pair.backward(x, h, dy, dx, dh, T, pool_);
    return;
  }
  const uint64_t place = static_cast<uint64_t>(layer * kTargets + static_cast<int>(target));
  float* dropped = sized(dropped_, T * W.n_in());
  drop(dropped, x, T, W.n_in(), dropout, place, pool_);
  if (dx == nullptr) {
    pair.backward(dropped, h, dy, nullptr, dh, T, pool_);
    return;
  }
  float* ddropped = sized(wide_, T * W.n_in());
  std::fill(ddropped, ddropped + T * W.n_in(), 0.0f);
  pair.backward(dropped, h, dy, ddropped, dh, T, pool_);
  drop(ddropped, ddropped, T, W.n_in(), dropout, place, pool_);
  for (int64_t i = 0; i < T * W.n_in(); i++) dx[i] += ddropped[i];
}

void Transformer::layer_forward(const Rows& rows, int64_t layer, float* x, bool adapted, const Dropout& dropout,
                                Kept& kept) {
  check_cancelled();
  const ModelConfig& c = model_.config;
  const LayerWeights& weights = model_.layers[layer];
  const int64_t T = rows.size(), D = c.d_model, S = c.head_dim, Q = c.n_heads * S, K = c.n_kv_heads * S, F = c.d_ff;
  rope_.extend(*std::max_element(rows.positions.begin(), rows.positions.end()) + 1, c.rope_dim, c.rope_theta,
               c.rope_scale, model_.rope_factors);
  float* norm = sized(norm_, T * D);
  float *q = sized(kept.q, T * Q), *k = sized(kept.k, T * K), *v = sized(kept.v, T * K), *o = sized(kept.o, T * Q);
  float *mid = sized(kept.mid, T * D), *gate = sized(kept.gate, T * F), *up = sized(kept.up, T * F);
  std::copy(x, x + T * D, sized(kept.x, T * D));

  rmsnorm_forward(norm, sized(kept.rstd1, T), x, weights.attn_norm.data(), c.norm_eps, T, D, pool_);
  project(layer, Target::q, norm, q, T, false, adapted, dropout, kept);
  project(layer, Target::k, norm, k, T, false, adapted, dropout, kept);
  project(layer, Target::v, norm, v, T, false, adapted, dropout, kept);
  rope_forward(q, rope_, rows.positions.data(), T, c.n_heads, S, pool_);
  rope_forward(k, rope_, rows.positions.data(), T, c.n_kv_heads, S, pool_);
  attention_forward(o, sized(kept.lse, c.n_heads * T), q, k, v, rows.segments, T, c.n_heads, c.n_kv_heads, S, pool_);
  std::copy(x, x + T * D, mid);
  project(layer, Target::o, o, mid, T, true, adapted, dropout, kept);  // mid = x + o Woᵀ

  rmsnorm_forward(norm, sized(kept.rstd2, T), mid, weights.ffn_norm.data(), c.norm_eps, T, D, pool_);
  project(layer, Target::gate, norm, gate, T, false, adapted, dropout, kept);
  project(layer, Target::up, norm, up, T, false, adapted, dropout, kept);
  float* act = sized(act_, T * F);
  swiglu_forward(act, gate, up, T * F, pool_);
  std::copy(mid, mid + T * D, x);
  project(layer, Target::down, act, x, T, true, adapted, dropout, kept);  // x = mid + act Wdᵀ
}

void Transformer::layer_backward(const Rows& rows, int64_t layer, float* dx, bool needs_dx, const Dropout& dropout,
                                 Kept& kept) {
  check_cancelled();
  const ModelConfig& c = model_.config;
  const LayerWeights& weights = model_.layers[layer];
  const int64_t T = rows.size(), D = c.d_model, S = c.head_dim, Q = c.n_heads * S, K = c.n_kv_heads * S, F = c.d_ff;
  const auto below =
      [&](Target first) {  // is anything adapted at or before this matrix, in the order of the forward pass?
        if (needs_dx) return true;
        for (int t = 0; t < static_cast<int>(first); t++) {
          if (lora_->at(layer, static_cast<Target>(t)).active()) return true;
        }
        return false;
      };

  // Feed-forward half: dx is the gradient of x = mid + act Wdᵀ, so it is also that of mid by the residual path.
  float* act = sized(act_, T * F);
  swiglu_forward(act, kept.gate.data(), kept.up.data(), T * F, pool_);
  float* dact = sized(dmid_, T * F);
  std::fill(dact, dact + T * F, 0.0f);
  project_backward(layer, Target::down, act, dx, below(Target::down) ? dact : nullptr, T, dropout, kept);
  if (!below(Target::down)) return;
  float *dgate = kept.gate.data(), *dup = kept.up.data();  // what they held is not needed again
  swiglu_backward(dgate, dup, kept.gate.data(), kept.up.data(), dact, T * F, pool_);
  const bool attention = below(Target::gate);
  // norm = rmsnorm(mid) again: y = x · rstd · w
  float *norm = sized(norm_, T * D), *dnorm = sized(dnorm_, T * D);
  rmsnorm_forward(norm, kept.rstd2.data(), kept.mid.data(), weights.ffn_norm.data(), c.norm_eps, T, D, pool_);
  std::fill(dnorm, dnorm + T * D, 0.0f);
  project_backward(layer, Target::gate, norm, dgate, attention ? dnorm : nullptr, T, dropout, kept);
  project_backward(layer, Target::up, norm, dup, attention ? dnorm : nullptr, T, dropout, kept);
  if (!attention) return;
  rmsnorm_backward(dx, kept.mid.data(), weights.ffn_norm.data(), kept.rstd2.data(), dnorm, T, D, pool_);

  // Attention half: dx is now the gradient of mid = x + o Woᵀ.
  float* d_o = sized(dmid_, T * std::max(F, Q));
  std::fill(d_o, d_o + T * Q, 0.0f);
  project_backward(layer, Target::o, kept.o.data(), dx, below(Target::o) ? d_o : nullptr, T, dropout, kept);
  if (!below(Target::o)) return;
  float *dq = sized(dq_, T * Q), *dk = sized(dk_, T * K), *dv = sized(dv_, T * K);
  attention_backward(dq, dk, dv, kept.q.data(), kept.k.data(), kept.v.data(), kept.o.data(), kept.lse.data(), d_o,
                     rows.segments, T, c.n_heads, c.n_kv_heads, S, pool_);
  rope_backward(dq, rope_, rows.positions.data(), T, c.n_heads, S, pool_);
  rope_backward(dk, rope_, rows.positions.data(), T, c.n_kv_heads, S, pool_);
  rmsnorm_forward(norm, kept.rstd1.data(), kept.x.data(), weights.attn_norm.data(), c.norm_eps, T, D, pool_);
  std::fill(dnorm, dnorm + T * D, 0.0f);
  float* into = needs_dx ? dnorm : nullptr;
  project_backward(layer, Target::q, norm, dq, into, T, dropout, kept);
  project_backward(layer, Target::k, norm, dk, into, T, dropout, kept);
  project_backward(layer, Target::v, norm, dv, into, T, dropout, kept);
  if (needs_dx) rmsnorm_backward(dx, kept.x.data(), weights.attn_norm.data(), kept.rstd1.data(), dnorm, T, D, pool_);
}

}  // namespace engram
