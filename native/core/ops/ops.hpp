// The operations of a transformer, each a forward/backward pair over row-major floats. T tokens, D model width, H query
// heads and G key/value heads of size S. Gradients carry the prefix d; a backward pass adds to what it is given only
// where it says
// +=. Not here: matrix products with weights (gemm/), the order of operations (transformer.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "../threads.hpp"
#include "rope.hpp"

namespace engram {

// RMSNorm (Zhang & Sennrich 2019): y = x · rstd · w with rstd = 1 / sqrt(mean(x²) + eps).
// x, y [T, D]; w [D]; rstd [T] is kept for the backward pass.
void rmsnorm_forward(float* y, float* rstd, const float* x, const float* w, float eps, int64_t T, int64_t D,
                     ThreadPool& pool);
// The same y again, from the rstd that forward kept.
void rmsnorm_again(float* y, const float* rstd, const float* x, const float* w, int64_t T, int64_t D, ThreadPool& pool);
// dx += …   (w is frozen)
void rmsnorm_backward(float* dx, const float* x, const float* w, const float* rstd, const float* dy, int64_t T,
                      int64_t D, ThreadPool& pool);

// Some heads of rows of `row` heads: [first, first + n).
struct Heads {
  int64_t row, first, n;
};
// RMSNorm of each of these heads of x [T, row, S], in place; w [S]. What they were before [T, row, S] and rstd [T, row]
// are kept for the backward pass.
void head_norm_forward(float* x, float* before, float* rstd, const float* w, float eps, const Heads& heads, int64_t T,
                       int64_t S, ThreadPool& pool);
// dx in place
void head_norm_backward(float* dx, const float* before, const float* rstd, const float* w, const Heads& heads,
                        int64_t T, int64_t S, ThreadPool& pool);

// Which rows of a batch see which: a segment sees itself causally and all of `prefix` rows from `prefix_start` on.
// Those are either the batch's first, the prompt's beginning that all segments share, a segment like any other; or rows
// beyond the batch's own T, whose keys and values are given and get no gradient; or those in a cache.
struct Segment {
  int64_t start, length, prefix, prefix_start = 0;
};

// Causal grouped-query attention: o = softmax(cap(scale · q kᵀ)) v.
struct AttentionKind {
  float scale;         // usually 1 / sqrt(S)
  float cap = 0;       // scores become cap · tanh(score / cap); 0: they stay
  int64_t window = 0;  // a token sees that many, itself among them; 0: all before it
};
// qkv [T and rows beyond, H + 2 G, S]: the heads of q, k and v side by side; o [T, H, S]; lse [H, T] (log of the
// softmax's sum) is kept for the backward pass.
void attention_forward(float* o, float* lse, const float* qkv, const AttentionKind& kind,
                       const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t G, int64_t S,
                       ThreadPool& pool);
// Some new tokens of a sequence, rows [start, start + length) of a batch, after the `before` ones that were computed
// earlier. `rows` [before + length, 2 G, S] are keys and values of all, as F16.
struct CachedSegment {
  int64_t start, length, before;
  const uint16_t* rows;
};
// The same for few tokens that look back at many: nothing is copied, and a row does not depend on which others are
// computed with it. Of qkv only q is read.
void attention_cached(float* o, const float* qkv, const AttentionKind& kind, const std::vector<CachedSegment>& segments,
                      int64_t H, int64_t G, int64_t S, ThreadPool& pool);
// Writes dqkv [T, H + 2 G, S]. Probabilities are computed again from lse, a block of queries at a time. `shares` is
// work space of attention_shares() floats: for each segment and head what its keys and values get, those of a prefix in
// the batch too.
int64_t attention_shares(const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t S);
void attention_backward(float* dqkv, const float* qkv, const float* o, const float* lse, const float* d_o,
                        const AttentionKind& kind, const std::vector<Segment>& segments, int64_t T, int64_t H,
                        int64_t G, int64_t S, float* shares, ThreadPool& pool);

// SwiGLU (Shazeer 2020): y = silu(gate) · up. gate_up [T, 2 F]: a row of gate, then one of up; y [T, F].
void swiglu_forward(float* y, const float* gate_up, int64_t T, int64_t F, ThreadPool& pool);
// Writes d_gate_up, which may be the same memory as gate_up.
void swiglu_backward(float* d_gate_up, const float* gate_up, const float* dy, int64_t T, int64_t F, ThreadPool& pool);

// The same with GELU in its tanh form (Hendrycks & Gimpel 2016), as Gemma has it: y = gelu(gate) · up.
void geglu_forward(float* y, const float* gate_up, int64_t T, int64_t F, ThreadPool& pool);
void geglu_backward(float* d_gate_up, const float* gate_up, const float* dy, int64_t T, int64_t F, ThreadPool& pool);

// x [n] = cap · tanh(x / cap), in place, on the calling thread.
void soft_cap_forward(float* x, float cap, int64_t n);
// dx [n] in place; y is what the forward pass made
void soft_cap_backward(float* dx, const float* y, float cap, int64_t n);

// y [T, D] += rows of x that are `stride` apart; stride 0 adds one row, a bias, to all.
void add_rows(float* y, const float* x, int64_t stride, int64_t T, int64_t D, ThreadPool& pool);
// to = from, both [T, D].
void copy_rows(float* to, const float* from, int64_t T, int64_t D, ThreadPool& pool);

// What a base model predicted at one position: its `ids.size()` likeliest tokens with their probabilities, and the rest
// of the probability in one sum. With every token of a small vocabulary in it, it is the whole distribution.
struct Distribution {
  std::vector<int32_t> ids;
  std::vector<float> probabilities;
  double rest = 0;
};
// The `k` likeliest tokens of softmax(logits [V]); logits become exp(logit - max).
Distribution distribution_of(float* logits, int64_t V, int64_t k);

// Cross-entropy and KL of one row of logits [V].
struct RowLoss {
  double cross_entropy = 0;  // -log softmax(logits)[target]; 0 without a target
  double kl = 0;             // KL(base ‖ softmax(logits)); 0 without a base
  bool correct = false;      // the target is the likeliest token
};
// Overwrites logits with d(weight · cross_entropy + kl_weight · kl)/dlogits. target < 0: none; base null: none.
RowLoss loss_row(float* logits, int64_t V, int32_t target, float weight, const Distribution* base, float kl_weight);

}  // namespace engram
