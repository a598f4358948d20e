// The inner loops over contiguous floats that ops.cpp and optimizer.cpp are made of, once per instruction set. Not
// here: matrix products (gemm/) and anything with a shape.
#pragma once

#include <stdint.h>

namespace engram::vec {

struct AdamStep {
  float learning_rate, beta1, beta2, epsilon;
  float correction1, correction2;  // 1 / (1 - betaᵗ)
  float decay;                     // AdamW: the value is first multiplied by this
  float l2;                        // Adam: l2 · value is added to the gradient
  float clip;                      // the gradient is multiplied by this first
};

struct Table {
  float (*dot)(const float* a, const float* b, int64_t n);
  float (*dot3)(const float* a, const float* b, const float* c, int64_t n);  // Σ a · b · c
  // Rows of F16 that are `stride` apart: out[row] = a · row, and y += Σ p[row] · row.
  void (*dots_half)(float* out, const float* a, const uint16_t* rows, int64_t stride, int64_t count, int64_t n);
  void (*add_rows_half)(float* y, const float* p, const uint16_t* rows, int64_t stride, int64_t count, int64_t n);
  double (*sum_squares)(const float* x, int64_t n);
  float (*max)(const float* x, int64_t n);  // n >= 1
  // x = exp(x - shift); returns the sum
  double (*exp_sum)(float* x, float shift, int64_t n);
  void (*scale)(float* x, float a, int64_t n);                                      // x *= a
  void (*add)(float* y, const float* x, int64_t n);                                 // y += x
  void (*mul_scale)(float* y, const float* x, const float* w, float a, int64_t n);  // y = a · x · w
  void (*rmsnorm_dx)(float* dx, const float* x, const float* w, const float* dy, float rstd, float mean, int64_t n);
  // y = silu(gate) · up
  void (*swiglu)(float* y, const float* gate, const float* up, int64_t n);
  void (*swiglu_backward)(float* dgate, float* dup, const float* gate, const float* up, const float* dy, int64_t n);
  // the same with GELU's tanh form for silu
  void (*geglu)(float* y, const float* gate, const float* up, int64_t n);
  void (*geglu_backward)(float* dgate, float* dup, const float* gate, const float* up, const float* dy, int64_t n);
  void (*soft_cap)(float* x, float cap, int64_t n);                            // x = cap · tanh(x / cap)
  void (*soft_cap_backward)(float* dx, const float* y, float cap, int64_t n);  // dx *= 1 - (y / cap)²
  // ds = p · (dp - delta) · a
  void (*softmax_backward)(float* ds, const float* p, const float* dp, float delta, float a, int64_t n);
  // pairs (x[2i], x[2i+1]) turned by the angle whose cosine is c[i] and whose sine is sign · s[i]
  void (*rotate_pairs)(float* x, const float* c, const float* s, float sign, int64_t pairs);
  // the same for pairs (x[i], x[i + pairs])
  void (*rotate_halves)(float* x, const float* c, const float* s, float sign, int64_t pairs);
  void (*adam)(float* value, float* gradient, float* first, float* second, const AdamStep& step, int64_t n);
};

// For the widest instruction set of this CPU.
const Table& table();

extern const Table portable, avx2, avx512;

}  // namespace engram::vec
