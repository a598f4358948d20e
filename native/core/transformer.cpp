// Forward and backward pass, layer by layer (see transformer.hpp).
#include "transformer.hpp"

#include <algorithm>
#include <initializer_list>

#include "cpu.hpp"
#include "error.hpp"
#include "gemm/kernels.hpp"
#include "random.hpp"

namespace engram {
namespace {

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

// The projections that read the same input share a mask.
uint64_t place_of(int64_t layer, const Projection& projection) {
  return static_cast<uint64_t>(layer * kTargets + static_cast<int>(projection.slices[0].target));
}

// to[i] = from[rows[i]]
void gather(float* to, const float* from, const std::vector<int64_t>& rows, int64_t width) {
  for (size_t i = 0; i < rows.size(); i++) std::copy_n(from + rows[i] * width, width, to + i * width);
}

// to[rows[i]] = from[i], and zero elsewhere; `to` [T, width] may be `from`.
void scatter(float* to, const float* from, const std::vector<int64_t>& rows, int64_t T, int64_t width) {
  int64_t next = static_cast<int64_t>(rows.size()) - 1;
  for (int64_t t = T - 1; t >= 0; t--) {  // downwards: a row never moves down onto one that is still to be moved
    if (next >= 0 && rows[next] == t) {
      if (to + t * width != from + next * width) std::copy_n(from + next * width, width, to + t * width);
      next--;
    } else {
      std::fill_n(to + t * width, width, 0.0f);
    }
  }
}

// Up to so many new tokens look back at a cache one by one. The two ways differ in the order of their sums, so what
// must not depend on a segment's length (guesses of an answer) is a segment of its own, and never a longer one.
constexpr int64_t kShort = 24;
bool is_short(const Segment& segment) { return segment.length <= kShort; }

AttentionKind attention_kind(const ModelConfig& c, int64_t layer) {
  return {c.attention_scale, c.attention_cap, c.layers[layer].window};
}

}  // namespace

void Transformer::check_cancelled() const {
  if (cancelled_.load(std::memory_order_relaxed)) throw Error("cancelled", "Cancelled.");
}

bool Transformer::is_adapted(int64_t layer, const Projection& projection) const {
  return std::any_of(projection.slices.begin(), projection.slices.end(),
                     [&](const Projection::Slice& slice) { return lora_->at(layer, slice.target).active(); });
}

int64_t Transformer::bytes() const {
  size_t values = 0;
  const auto add = [&](std::initializer_list<const Floats*> buffers) {
    for (const Floats* buffer : buffers) values += buffer->capacity();
  };
  const auto add_kept = [&](const Kept& k) {
    add({&k.x, &k.rstd1, &k.qkv, &k.o, &k.lse, &k.mid, &k.rstd2, &k.gate_up, &k.unnormed, &k.rstd_heads});
    add({&k.attention.added, &k.attention.rstd, &k.feed_forward.added, &k.feed_forward.rstd});
    for (const Floats& h : k.h) add({&h});
  };
  add_kept(scratch_);
  for (const Kept& kept : kept_) add_kept(kept);
  add({&norm_, &act_, &dnorm_, &dmid_, &d_o_, &dqkv_, &dh_, &o_rows_, &dropped_, &ddropped_, &dpost_, &shares_});
  return static_cast<int64_t>(values * sizeof(float));
}

void Transformer::embed(const Rows& rows, float* x) {
  const int64_t D = model_.config.d_model;
  const float scale = model_.config.embedding_scale;
  pool_.parallel_for(rows.size(), [&](int64_t t) {
    model_.token_embedding.row(rows.tokens[t], x + t * D);
    if (scale != 1) std::for_each(x + t * D, x + (t + 1) * D, [&](float& value) { value *= scale; });
  });
}

void Transformer::run(const Rows& rows, int64_t first, int64_t last, float* x, bool adapted,
                      const std::function<void(int64_t layer, const float* qkv)>& look) {
  for (int64_t layer = first; layer < last; layer++) {
    layer_forward(rows, layer, x, adapted, {}, scratch_);
    if (look) look(layer, scratch_.qkv.data());
  }
}

void Transformer::forward(const Rows& rows, int64_t first, float* x, const Dropout& dropout, int64_t keep) {
  const int64_t n_layers = model_.config.n_layers, T = rows.size(), D = model_.config.d_model;
  if (keep != keep_) kept_.clear();  // within a limit, what a batch of another size needed is not kept beside this one
  kept_.resize(n_layers);
  keep_ = keep;
  for (int64_t layer = first; layer < n_layers; layer++) {
    const bool whole = layer >= n_layers - keep;
    copy_rows(sized(kept_[layer].x, T * D), x, T, D, pool_);
    layer_forward(rows, layer, x, true, dropout, whole ? kept_[layer] : scratch_);
  }
}

void Transformer::backward(const Rows& rows, int64_t first, float* dx, const Dropout& dropout) {
  const int64_t n_layers = model_.config.n_layers, T = rows.size(), D = model_.config.d_model;
  for (int64_t layer = n_layers - 1; layer >= first; layer--) {
    if (layer >= n_layers - keep_) {
      layer_backward(rows, layer, dx, layer > first, dropout, kept_[layer]);
    } else {
      float* x = sized(scratch_.x, T * D);  // becomes the layer's output, which nobody wants
      copy_rows(x, kept_[layer].x.data(), T, D, pool_);
      layer_forward(rows, layer, x, true, dropout, scratch_);
      copy_rows(x, kept_[layer].x.data(), T, D, pool_);
      layer_backward(rows, layer, dx, layer > first, dropout, scratch_);
    }
  }
}

// y[T, n_out] (+)= W x + bias, plus the adapter's share.
void Transformer::project(int64_t layer, const Projection& projection, const float* x, float* y, int64_t T,
                          bool accumulate, bool adapted, const Dropout& dropout, Kept& kept) {
  const FrozenMatrix& W = projection.weight;
  std::vector<Product> down;  // h = x Aᵀ
  std::vector<LowRank> up;    // y += scale · h Bᵀ
  flop_ += 2.0 * T * W.n_in() * W.n_out();
  if (adapted && lora_ != nullptr && is_adapted(layer, projection)) {
    if (dropout.share > 0) {
      float* dropped = sized(dropped_, T * W.n_in());
      drop(dropped, x, T, W.n_in(), dropout, place_of(layer, projection), pool_);
    }
    const float* input = dropout.share > 0 ? dropped_.data() : x;
    for (const Projection::Slice& slice : projection.slices) {
      const LoraPair& pair = lora_->at(layer, slice.target);
      if (!pair.active()) continue;
      const int64_t r = pair.rank;
      float* h = sized(kept.h[static_cast<int>(slice.target)], T * r);
      down.push_back({false, true, T, r, pair.n_in, 1, input, pair.n_in, pair.A.data(), pair.n_in, 0, h, r});
      up.push_back({h, r, r, pair.scale, pair.B.data(), slice.first, slice.n, true});
      flop_ += 2.0 * T * r * (pair.n_in + pair.n_out);
    }
    gemm(down, pool_);
  }
  W.forward(x, y, T, accumulate, pool_, up);
  if (!projection.bias.empty()) add_rows(y, projection.bias.data(), 0, T, W.n_out(), pool_);
}

// dx[T, n_in] = Wᵀ dy plus the adapter's share, whose gradients grow. dx may be null.
void Transformer::project_backward(int64_t layer, const Projection& projection, const float* x, const float* dy,
                                   float* dx, int64_t T, const Dropout& dropout, Kept& kept) {
  const FrozenMatrix& W = projection.weight;
  const int64_t n_in = W.n_in(), n_out = W.n_out();
  const bool drops = dropout.share > 0 && is_adapted(layer, projection);
  if (drops) {
    float* dropped = sized(dropped_, T * n_in);
    drop(dropped, x, T, n_in, dropout, place_of(layer, projection), pool_);
    x = dropped;
  }
  int64_t ranks = 0;
  for (const Projection::Slice& slice : projection.slices) ranks += lora_->at(layer, slice.target).rank;
  float* dh = sized(dh_, T * ranks);
  std::vector<Product> of_h, of_pairs;
  std::vector<LowRank> of_x;  // dx += dh A
  for (const Projection::Slice& slice : projection.slices) {
    LoraPair& pair = lora_->at(layer, slice.target);
    if (!pair.active()) continue;
    const int64_t r = pair.rank;
    const float *dy_slice = dy + slice.first, *h = kept.h[static_cast<int>(slice.target)].data();
    // dh = scale · dy B
    of_h.push_back({false, false, T, r, slice.n, pair.scale, dy_slice, n_out, pair.B.data(), r, 0, dh, r});
    // dB += scale · dyᵀ h, dA += dhᵀ x
    of_pairs.push_back({true, false, slice.n, r, T, pair.scale, dy_slice, n_out, h, r, 1, pair.dB.data(), r});
    of_pairs.push_back({true, false, r, n_in, T, 1, dh, r, x, n_in, 1, pair.dA.data(), n_in});
    of_x.push_back({dh, r, r, 1, pair.A.data(), 0, n_in, false});
    dh += T * r;
    flop_ += 2.0 * T * r * (2 * slice.n + (dx != nullptr ? 2 : 1) * n_in);
  }
  if (!of_h.empty()) {
    gemm(of_h, pool_);
    gemm(of_pairs, pool_);
  }
  if (dx == nullptr) return;
  flop_ += 2.0 * T * n_in * n_out;
  W.backward(dy, dx, T, false, pool_, drops ? std::span<const LowRank>() : of_x);
  if (!drops) return;
  float* ddropped = sized(ddropped_, T * n_in);
  std::fill_n(ddropped, T * n_in, 0.0f);
  for (const LowRank& pair : of_x) {
    gemm({false, false, T, n_in, pair.rank, 1, pair.h, pair.ldh, pair.u, n_in, 1, ddropped, n_in}, pool_);
  }
  drop(ddropped, ddropped, T, n_in, dropout, place_of(layer, projection), pool_);
  for (int64_t i = 0; i < T * n_in; i++) dx[i] += ddropped[i];
}

// residual[T, D] += W x with the adapter's share; where the architecture norms what a half adds, by way of `half`.
void Transformer::project_onto(int64_t layer, const Projection& projection, const float* x, float* residual, int64_t T,
                               bool adapted, const Dropout& dropout, Kept& kept, Half& half,
                               const std::vector<float>& norm_weights) {
  if (!model_.config.sandwich_norms) return project(layer, projection, x, residual, T, true, adapted, dropout, kept);
  const int64_t D = model_.config.d_model;
  float *added = sized(half.added, T * D), *normed = sized(norm_, T * D);
  project(layer, projection, x, added, T, false, adapted, dropout, kept);
  rmsnorm_forward(normed, sized(half.rstd, T), added, norm_weights.data(), model_.config.norm_eps, T, D, pool_);
  add_rows(residual, normed, D, T, D, pool_);
}

// The gradient of what a half adds to the residual, from that of the residual.
const float* Transformer::d_added(const float* dx, const Half& half, const std::vector<float>& norm_weights,
                                  int64_t T) {
  if (!model_.config.sandwich_norms) return dx;
  const int64_t D = model_.config.d_model;
  float* out = sized(dpost_, T * D);
  std::fill_n(out, T * D, 0.0f);
  rmsnorm_backward(out, half.added.data(), norm_weights.data(), half.rstd.data(), dx, T, D, pool_);
  return out;
}

void Transformer::layer_forward(const Rows& rows, int64_t layer, float* x, bool adapted, const Dropout& dropout,
                                Kept& kept) {
  check_cancelled();
  const ModelConfig& c = model_.config;
  const LayerWeights& w = model_.layers[layer];
  const int64_t T = rows.size(), D = c.d_model, S = c.head_dim, H = c.n_heads, G = c.n_kv_heads, F = c.d_ff;
  const int64_t W = H + 2 * G;  // heads in a row of qkv
  const ModelConfig::Layer& kind = c.layers[layer];
  RopeTable& rope = kind.local ? local_rope_ : rope_;
  rope.extend(*std::max_element(rows.positions.begin(), rows.positions.end()) + 1, kind.local ? c.local_rope : c.rope);
  float* norm = sized(norm_, T * D);
  int64_t seen = T;  // rows with keys and values
  for (const Rows::Seen& s : rows.contexts) seen += s.rows;
  for (size_t i = 0; i < rows.caches.size(); i++) seen += is_short(rows.segments[i]) ? 0 : rows.segments[i].prefix;
  float *qkv = sized(kept.qkv, seen * W * S), *o = sized(kept.o, T * H * S);

  rmsnorm_forward(norm, sized(kept.rstd1, T), x, w.attn_norm.data(), c.norm_eps, T, D, pool_);
  project(layer, w.qkv, norm, qkv, T, false, adapted, dropout, kept);
  if (c.query_key_norm) {
    float *before = sized(kept.unnormed, T * W * S), *rstd = sized(kept.rstd_heads, T * W);
    head_norm_forward(qkv, before, rstd, w.q_norm.data(), c.norm_eps, {W, 0, H}, T, S, pool_);
    head_norm_forward(qkv, before, rstd, w.k_norm.data(), c.norm_eps, {W, H, G}, T, S, pool_);
  }
  if (kind.turned) rope_forward(qkv, rope, rows.positions.data(), T, W, H + G, S, pool_);
  if (rows.caches.empty()) {
    attend(rows, layer, kept);
  } else {
    attend_to_caches(rows, layer, kept);
  }

  const bool narrow = narrows(rows, layer);
  const int64_t n = narrow ? rows.n_outputs() : T;
  float *mid = sized(kept.mid, n * D), *gate_up = sized(kept.gate_up, n * 2 * F), *act = sized(act_, n * F);
  if (narrow) {
    gather(sized(o_rows_, n * H * S), o, rows.outputs, H * S);
    gather(mid, x, rows.outputs, D);
    o = o_rows_.data();
  } else {
    copy_rows(mid, x, n, D, pool_);
  }
  // mid = x + o Woᵀ
  project_onto(layer, w.o, o, mid, n, adapted, dropout, kept, kept.attention, w.attn_post_norm);
  rmsnorm_forward(norm, sized(kept.rstd2, n), mid, w.ffn_norm.data(), c.norm_eps, n, D, pool_);
  project(layer, w.gate_up, norm, gate_up, n, false, adapted, dropout, kept);
  (c.gelu ? geglu_forward : swiglu_forward)(act, gate_up, n, F, pool_);
  copy_rows(x, mid, n, D, pool_);
  // x = mid + act Wdᵀ
  project_onto(layer, w.down, act, x, n, adapted, dropout, kept, kept.feed_forward, w.ffn_post_norm);
}

// o from qkv, and from what the contexts have.
void Transformer::attend(const Rows& rows, int64_t layer, Kept& kept) {
  const ModelConfig& c = model_.config;
  const int64_t T = rows.size(), S = c.head_dim, H = c.n_heads, G = c.n_kv_heads, W = H + 2 * G;
  float* qkv = kept.qkv.data();
  for (float* to = qkv + T * W * S; const Rows::Seen& s : rows.contexts) {
    const float* from = s.context->layers[layer].data();
    for (int64_t i = 0; i < s.rows; i++, to += W * S, from += 2 * G * S) std::copy_n(from, 2 * G * S, to + H * S);
  }
  attention_forward(kept.o.data(), sized(kept.lse, H * T), qkv, attention_kind(c, layer), rows.segments, T, H, G, S,
                    pool_);
}

// The same from caches, to which qkv is added first.
void Transformer::attend_to_caches(const Rows& rows, int64_t layer, Kept& kept) {
  const ModelConfig& c = model_.config;
  const int64_t T = rows.size(), S = c.head_dim, H = c.n_heads, G = c.n_kv_heads, W = H + 2 * G, kv = 2 * G * S;
  const auto& kernels = kernels::table(best_isa());
  float* qkv = kept.qkv.data();
  const auto held_by = [&](size_t i) -> std::vector<uint16_t>& {
    return rows.caches[i]->layers[static_cast<size_t>(layer)];
  };
  for (size_t i = 0; i < rows.segments.size(); i++) {
    const Segment& s = rows.segments[i];
    std::vector<uint16_t>& held = held_by(i);
    held.resize(static_cast<size_t>((s.prefix + s.length) * kv));
    for (int64_t t = 0; t < s.length; t++) {
      float* row = qkv + ((s.start + t) * W + H) * S;
      uint16_t* half = &held[static_cast<size_t>((s.prefix + t) * kv)];
      kernels.f32_to_f16(row, kv, half);
      kernels.f16_to_f32(half, kv, row);
    }
  }
  std::vector<CachedSegment> few;
  std::vector<Segment> many;  // as if their contexts were rows beyond the batch
  int64_t seen = T;
  for (size_t i = 0; i < rows.segments.size(); i++) {
    const Segment& s = rows.segments[i];
    const std::vector<uint16_t>& held = held_by(i);
    if (is_short(s)) {
      few.push_back({s.start, s.length, s.prefix, held.data()});
      continue;
    }
    many.push_back({s.start, s.length, s.prefix, seen});
    for (int64_t t = 0; t < s.prefix; t++, seen++) kernels.f16_to_f32(&held[t * kv], kv, qkv + (seen * W + H) * S);
  }
  const AttentionKind kind = attention_kind(c, layer);
  if (!few.empty()) attention_cached(kept.o.data(), qkv, kind, few, H, G, S, pool_);
  if (!many.empty()) {
    attention_forward(kept.o.data(), sized(kept.lse, H * T), qkv, kind, many, T, H, G, S, pool_);
  }
}

void Transformer::layer_backward(const Rows& rows, int64_t layer, float* dx, bool needs_dx, const Dropout& dropout,
                                 Kept& kept) {
  check_cancelled();
  const ModelConfig& c = model_.config;
  const LayerWeights& w = model_.layers[layer];
  const int64_t T = rows.size(), D = c.d_model, S = c.head_dim, H = c.n_heads, G = c.n_kv_heads, F = c.d_ff;
  const int64_t W = H + 2 * G;  // heads in a row of qkv
  const bool narrow = narrows(rows, layer);
  const int64_t n = narrow ? rows.n_outputs() : T;
  // Does anything before a projection want its input's gradient?
  const bool before_o = needs_dx || is_adapted(layer, w.qkv);
  const bool before_gate_up = before_o || is_adapted(layer, w.o);
  const bool before_down = before_gate_up || is_adapted(layer, w.gate_up);

  // Feed-forward half: dx is the gradient of x = mid + act Wdᵀ, so it is also that of mid by the residual path.
  float *act = sized(act_, n * F), *dact = sized(dmid_, n * F);
  (c.gelu ? geglu_forward : swiglu_forward)(act, kept.gate_up.data(), n, F, pool_);
  const float* d_out = d_added(dx, kept.feed_forward, w.ffn_post_norm, n);
  project_backward(layer, w.down, act, d_out, before_down ? dact : nullptr, n, dropout, kept);
  if (!before_down) return;
  float* d_gate_up = kept.gate_up.data();  // what it held is not needed again
  (c.gelu ? geglu_backward : swiglu_backward)(d_gate_up, kept.gate_up.data(), dact, n, F, pool_);
  float *norm = sized(norm_, T * D), *dnorm = sized(dnorm_, T * D);
  rmsnorm_again(norm, kept.rstd2.data(), kept.mid.data(), w.ffn_norm.data(), n, D, pool_);
  project_backward(layer, w.gate_up, norm, d_gate_up, before_gate_up ? dnorm : nullptr, n, dropout, kept);
  if (!before_gate_up) return;
  rmsnorm_backward(dx, kept.mid.data(), w.ffn_norm.data(), kept.rstd2.data(), dnorm, n, D, pool_);

  // Attention half: dx is now the gradient of mid = x + o Woᵀ.
  float* d_o = sized(d_o_, T * H * S);
  const float* o = kept.o.data();
  if (narrow) {
    gather(sized(o_rows_, n * H * S), o, rows.outputs, H * S);
    o = o_rows_.data();
  }
  d_out = d_added(dx, kept.attention, w.attn_post_norm, n);
  project_backward(layer, w.o, o, d_out, before_o ? d_o : nullptr, n, dropout, kept);
  if (!before_o) return;
  if (narrow) {
    scatter(d_o, d_o, rows.outputs, T, H * S);
    scatter(dx, dx, rows.outputs, T, D);
  }
  float* dqkv = sized(dqkv_, T * W * S);
  attention_backward(dqkv, kept.qkv.data(), kept.o.data(), kept.lse.data(), d_o, attention_kind(c, layer),
                     rows.segments, T, H, G, S, sized(shares_, attention_shares(rows.segments, T, H, S)), pool_);
  const ModelConfig::Layer& kind = c.layers[layer];
  if (kind.turned) rope_backward(dqkv, kind.local ? local_rope_ : rope_, rows.positions.data(), T, W, H + G, S, pool_);
  if (c.query_key_norm) {
    const float *before = kept.unnormed.data(), *rstd = kept.rstd_heads.data();
    head_norm_backward(dqkv, before, rstd, w.q_norm.data(), {W, 0, H}, T, S, pool_);
    head_norm_backward(dqkv, before, rstd, w.k_norm.data(), {W, H, G}, T, S, pool_);
  }
  rmsnorm_again(norm, kept.rstd1.data(), kept.x.data(), w.attn_norm.data(), T, D, pool_);
  project_backward(layer, w.qkv, norm, dqkv, needs_dx ? dnorm : nullptr, T, dropout, kept);
  if (needs_dx) rmsnorm_backward(dx, kept.x.data(), w.attn_norm.data(), kept.rstd1.data(), dnorm, T, D, pool_);
}

}  // namespace engram
