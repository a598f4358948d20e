// The operations of a transformer, each a forward/backward pair over row-major floats. T tokens, D model width, H query
// heads and G key/value heads of size S. Gradients carry the prefix d; a backward pass adds to what it is given only
// where it says
// +=. Not here: matrix products with weights (gemm/), the order of operations (transformer.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "../threads.hpp"

namespace engram {

// RMSNorm (Zhang & Sennrich 2019): y = x · rstd · w with rstd = 1 / sqrt(mean(x²) + eps).
// x, y [T, D]; w [D]; rstd [T] is kept for the backward pass.
void rmsnorm_forward(float* y, float* rstd, const float* x, const float* w, float eps, int64_t T, int64_t D,
                     ThreadPool& pool);
// dx += …   (w is frozen)
void rmsnorm_backward(float* dx, const float* x, const float* w, const float* rstd, const float* dy, int64_t T,
                      int64_t D, ThreadPool& pool);

// Rotary position embedding (Su et al. 2021) in llama.cpp's order for architecture llama: neighbours 2i and 2i+1 of a
// head are turned by position · frequency[i], for the first R dimensions.
struct RopeTable {
  int64_t R = 0, n_positions = 0;
  std::vector<float> cosine, sine;  // [n_positions, R / 2]
  // Angles are position · scale · theta^(-2i/R) / factors[i] (factors may be empty). Grows to `n`.
  void extend(int64_t n, int64_t R, float theta, float scale, const std::vector<float>& factors);
};
// x [T, heads, S] in place, the first `turned` heads of each row; positions [T]
void rope_forward(float* x, const RopeTable& table, const int32_t* positions, int64_t T, int64_t heads, int64_t turned,
                  int64_t S, ThreadPool& pool);
// dx in place: turns the other way
void rope_backward(float* dx, const RopeTable& table, const int32_t* positions, int64_t T, int64_t heads,
                   int64_t turned, int64_t S, ThreadPool& pool);

// Which rows of a batch see which: a segment sees itself causally and all of the first `prefix` rows of the batch, the
// prompt's beginning that all segments share (0: nothing shared). The prefix itself is a segment like any other.
struct Segment {
  int64_t start, length, prefix;
};

// Causal grouped-query attention: o = softmax(q kᵀ / sqrt(S)) v.
// qkv [T, H + 2 G, S]: the heads of q, k and v side by side; o [T, H, S]; lse [H, T] (log of the softmax's sum) is kept
// for the backward pass.
void attention_forward(float* o, float* lse, const float* qkv, const std::vector<Segment>& segments, int64_t T,
                       int64_t H, int64_t G, int64_t S, ThreadPool& pool);
// Writes dqkv. Probabilities are computed again from lse, a block of queries at a time.
void attention_backward(float* dqkv, const float* qkv, const float* o, const float* lse, const float* d_o,
                        const std::vector<Segment>& segments, int64_t T, int64_t H, int64_t G, int64_t S,
                        ThreadPool& pool);

// SwiGLU (Shazeer 2020): y = silu(gate) · up. gate_up [T, 2 F]: a row of gate, then one of up; y [T, F].
void swiglu_forward(float* y, const float* gate_up, int64_t T, int64_t F, ThreadPool& pool);
// Writes d_gate_up, which may be the same memory as gate_up.
void swiglu_backward(float* d_gate_up, const float* gate_up, const float* dy, int64_t T, int64_t F, ThreadPool& pool);

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
