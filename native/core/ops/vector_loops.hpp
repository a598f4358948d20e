// The loops of vector.hpp, written once with the compiler's generic vectors, one register wide whatever the including
// file is compiled for: wider ones would compare and choose float by float. ENGRAM_VECTOR_TABLE names the table made.
// Everything else is in an unnamed namespace and nothing of the standard library is used: see gemm/kernels.hpp for why.
#pragma once

#include "../gemm/scalar.hpp"
#include "vector.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#pragma GCC diagnostic ignored "-Wpsabi"  // V never crosses a boundary: every function that takes one is inlined here

namespace engram::vec {
namespace {

#if defined(__AVX512F__)
constexpr int64_t W = 16;
#elif defined(__AVX2__)
constexpr int64_t W = 8;
#else
constexpr int64_t W = 4;
#endif
typedef float V __attribute__((vector_size(W * 4), aligned(4), may_alias));
typedef int32_t VI __attribute__((vector_size(W * 4), aligned(4), may_alias));

inline V load(const float* p) { return *reinterpret_cast<const V*>(p); }
inline void store(float* p, V v) { *reinterpret_cast<V*>(p) = v; }
inline V set(float x) { return V{} + x; }
inline float sum(V v) {
  float s = 0;
  for (int i = 0; i < W; i++) s += v[i];
  return s;
}
inline V vmax(V a, V b) { return a > b ? a : b; }
inline V vmin(V a, V b) { return a < b ? a : b; }

// exp to about 2 ulp: x = n ln2 + r, a polynomial in r (coefficients: minimax on [-ln2/2, ln2/2]), 2^n put into the
// exponent. The order of the arguments of vmin and vmax lets NaN through: a broken adapter must show in the loss.
inline V vexp(V x) {
  x = vmin(set(88.0f), vmax(set(-87.3f), x));
  const V shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 · 2^23: rounds to the nearest integer
  const V n = shifted - 12582912.0f;
  const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  V p = set(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const VI exponent = (__builtin_convertvector(n, VI) + 127) << 23;
  return p * (V)exponent;  // the same bits
}
inline V sigmoid(V x) { return 1.0f / (1.0f + vexp(-x)); }

// Whole vectors from i on; what is left is fewer than W floats.
#define ENGRAM_FOR_VECTORS(i, n) for (; i + W <= n; i += W)

// A rest of fewer than W floats, padded, so that each loop is written once.
struct Rest {
  float lanes[W];
  Rest(const float* p, int64_t n, float fill) {
    for (int64_t i = 0; i < W; i++) lanes[i] = i < n ? p[i] : fill;
  }
  V v() const { return load(lanes); }
};
inline void store_rest(float* p, V v, int64_t n) {
  for (int64_t i = 0; i < n; i++) p[i] = v[i];
}

float dot(const float* a, const float* b, int64_t n) {
  V s0{}, s1{}, s2{}, s3{};
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    s0 += load(a + i) * load(b + i);
    s1 += load(a + i + W) * load(b + i + W);
    s2 += load(a + i + 2 * W) * load(b + i + 2 * W);
    s3 += load(a + i + 3 * W) * load(b + i + 3 * W);
  }
  ENGRAM_FOR_VECTORS(i, n) s0 += load(a + i) * load(b + i);
  if (i < n) s1 += Rest(a + i, n - i, 0).v() * Rest(b + i, n - i, 0).v();
  return sum((s0 + s1) + (s2 + s3));
}

float dot3(const float* a, const float* b, const float* c, int64_t n) {
  V s0{};
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) s0 += load(a + i) * load(b + i) * load(c + i);
  if (i < n) s0 += Rest(a + i, n - i, 0).v() * Rest(b + i, n - i, 0).v() * Rest(c + i, n - i, 0).v();
  return sum(s0);
}

// W values of F16.
inline V load_half(const uint16_t* p) {
#if defined(__AVX512F__)
  return (V)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__AVX2__)
  return (V)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
  V v{};
  for (int64_t i = 0; i < W; i++) v[i] = kernels::f16_value(p[i]);
  return v;
#endif
}
// The sum of the lanes in a tree, which is not the order of sum() and does not wait for each addition.
inline float fold(V v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_ps((__m512)v);
#else
  for (int64_t half = W / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; i++) v[i] += v[i + half];
  }
  return v[0];
#endif
}

void dots_half(float* out, const float* a, const uint16_t* rows, int64_t stride, int64_t count, int64_t n) {
  for (int64_t r = 0; r < count; r++, rows += stride) {
    V s0{}, s1{};
    int64_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
      s0 += load(a + i) * load_half(rows + i);
      s1 += load(a + i + W) * load_half(rows + i + W);
    }
    ENGRAM_FOR_VECTORS(i, n) s0 += load(a + i) * load_half(rows + i);
    float rest = 0;
    for (; i < n; i++) rest += a[i] * kernels::f16_value(rows[i]);
    out[r] = fold(s0 + s1) + rest;
  }
}

// Some vectors of the sum at a time, which stay in registers over all rows.
void add_rows_half(float* y, const float* p, const uint16_t* rows, int64_t stride, int64_t count, int64_t n) {
  int64_t i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
    V s0 = load(y + i), s1 = load(y + i + W), s2 = load(y + i + 2 * W), s3 = load(y + i + 3 * W);
    const uint16_t* row = rows + i;
    for (int64_t r = 0; r < count; r++, row += stride) {
      s0 += p[r] * load_half(row);
      s1 += p[r] * load_half(row + W);
      s2 += p[r] * load_half(row + 2 * W);
      s3 += p[r] * load_half(row + 3 * W);
    }
    store(y + i, s0), store(y + i + W, s1), store(y + i + 2 * W, s2), store(y + i + 3 * W, s3);
  }
  ENGRAM_FOR_VECTORS(i, n) {
    V s0 = load(y + i);
    for (int64_t r = 0; r < count; r++) s0 += p[r] * load_half(rows + r * stride + i);
    store(y + i, s0);
  }
  for (; i < n; i++) {
    for (int64_t r = 0; r < count; r++) y[i] += p[r] * kernels::f16_value(rows[r * stride + i]);
  }
}

double sum_squares(const float* x, int64_t n) {
  double total = 0;
  for (int64_t start = 0; start < n; start += 4096) {  // double between blocks: exact enough for millions of values
    const int64_t end = start + 4096 < n ? start + 4096 : n;
    total += static_cast<double>(dot(x + start, x + start, end - start));
  }
  return total;
}

float max(const float* x, int64_t n) {
  V m = set(x[0]);
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) m = vmax(load(x + i), m);
  if (i < n) m = vmax(Rest(x + i, n - i, x[0]).v(), m);
  float best = m[0];
  for (int j = 1; j < W; j++) best = m[j] > best ? m[j] : best;
  return best;
}

double exp_sum(float* x, float shift, int64_t n) {
  double total = 0;
  int64_t i = 0;
  while (i + W <= n) {
    V s{};
    const int64_t end = i + 256 * W < n ? i + 256 * W : n;
    ENGRAM_FOR_VECTORS(i, end) {
      const V e = vexp(load(x + i) - shift);
      store(x + i, e);
      s += e;
    }
    total += static_cast<double>(sum(s));
  }
  if (i < n) {
    const V e = vexp(Rest(x + i, n - i, 0).v() - shift);
    store_rest(x + i, e, n - i);
    for (int64_t j = 0; j < n - i; j++) total += static_cast<double>(e[j]);
  }
  return total;
}

void scale(float* x, float a, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(x + i, load(x + i) * a);
  for (; i < n; i++) x[i] *= a;
}

void add(float* y, const float* x, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(y + i, load(y + i) + load(x + i));
  for (; i < n; i++) y[i] += x[i];
}

void mul_scale(float* y, const float* x, const float* w, float a, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(y + i, load(x + i) * a * load(w + i));
  for (; i < n; i++) y[i] = x[i] * a * w[i];
}

void rmsnorm_dx(float* dx, const float* x, const float* w, const float* dy, float rstd, float mean, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(dx + i, load(dx + i) + rstd * (load(dy + i) * load(w + i) - load(x + i) * mean));
  for (; i < n; i++) dx[i] += rstd * (dy[i] * w[i] - x[i] * mean);
}

// tanh to about 2 ulp: from its power series near 0, where 1 - 2 / (e²ˣ + 1) would cancel.
inline V vtanh(V x) {
  const V square = x * x;
  const V near = x * (1.0f + square * (-3.33333333e-1f + square * (1.33333333e-1f + square * -5.39682540e-2f)));
  const V far = 1.0f - 2.0f / (1.0f + vexp(2.0f * x));
  return square < set(0.04f) ? near : far;
}

// Gated activations are y = g · sigmoid(z(g)) · up. SiLU: z = g. GELU's tanh form: z = 2 sqrt(2/π) (g + 0.044715 g³).
struct Silu {
  static V z(V g) { return g; }
  static V dz(V) { return set(1.0f); }
};
struct Gelu {
  static V z(V g) { return g * (1.59576912f + 7.13548162e-2f * g * g); }
  static V dz(V g) { return 1.59576912f + 2.14064449e-1f * g * g; }
};

template <class Activation>
inline V gated_of(V g, V u) {
  return g * sigmoid(Activation::z(g)) * u;
}

template <class Activation>
void gated(float* y, const float* gate, const float* up, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(y + i, gated_of<Activation>(load(gate + i), load(up + i)));
  if (i < n) store_rest(y + i, gated_of<Activation>(Rest(gate + i, n - i, 0).v(), Rest(up + i, n - i, 0).v()), n - i);
}

template <class Activation>
inline void gated_backward_of(V g, V u, V d, V& dgate, V& dup) {
  const V s = sigmoid(Activation::z(g));
  dup = d * g * s;
  dgate = d * u * s * (1.0f + g * Activation::dz(g) * (1.0f - s));
}

template <class Activation>
void gated_backward(float* dgate, float* dup, const float* gate, const float* up, const float* dy, int64_t n) {
  int64_t i = 0;
  V dg, du;
  ENGRAM_FOR_VECTORS(i, n) {
    gated_backward_of<Activation>(load(gate + i), load(up + i), load(dy + i), dg, du);
    store(dgate + i, dg);
    store(dup + i, du);
  }
  if (i < n) {
    gated_backward_of<Activation>(Rest(gate + i, n - i, 0).v(), Rest(up + i, n - i, 0).v(), Rest(dy + i, n - i, 0).v(),
                                  dg, du);
    store_rest(dgate + i, dg, n - i);
    store_rest(dup + i, du, n - i);
  }
}

void soft_cap(float* x, float cap, int64_t n) {
  const float inverse = 1 / cap;
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(x + i, cap * vtanh(load(x + i) * inverse));
  if (i < n) store_rest(x + i, cap * vtanh(Rest(x + i, n - i, 0).v() * inverse), n - i);
}

void soft_cap_backward(float* dx, const float* y, float cap, int64_t n) {
  const float inverse = 1 / cap;
  for (int64_t i = 0; i < n; i++) dx[i] *= 1 - (y[i] * inverse) * (y[i] * inverse);
}

void softmax_backward(float* ds, const float* p, const float* dp, float delta, float a, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) store(ds + i, load(p + i) * (load(dp + i) - delta) * a);
  for (; i < n; i++) ds[i] = p[i] * (dp[i] - delta) * a;
}

void rotate_pairs(float* x, const float* c, const float* s, float sign, int64_t pairs) {
  for (int64_t i = 0; i < pairs; i++) {
    const float a = x[2 * i], b = x[2 * i + 1], turn = sign * s[i];
    x[2 * i] = a * c[i] - b * turn;
    x[2 * i + 1] = a * turn + b * c[i];
  }
}

void rotate_halves(float* x, const float* c, const float* s, float sign, int64_t pairs) {
  float *low = x, *high = x + pairs;
  for (int64_t i = 0; i < pairs; i++) {
    const float a = low[i], b = high[i], turn = sign * s[i];
    low[i] = a * c[i] - b * turn;
    high[i] = a * turn + b * c[i];
  }
}

inline V vsqrt(V v) {
#if defined(__AVX512F__)
  return (V)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX2__)
  return (V)_mm256_sqrt_ps((__m256)v);
#endif
  V out;
  for (int i = 0; i < W; i++) out[i] = __builtin_sqrtf(v[i]);
  return out;
}

inline void adam_of(V& value, V& m, V& v, V g, const AdamStep& o) {
  g = g * o.clip + value * o.l2;
  m = m * o.beta1 + g * (1.0f - o.beta1);
  v = v * o.beta2 + g * g * (1.0f - o.beta2);
  value = value * o.decay - o.learning_rate * (m * o.correction1) / (vsqrt(v * o.correction2) + o.epsilon);
}

void adam(float* value, float* gradient, float* first, float* second, const AdamStep& step, int64_t n) {
  int64_t i = 0;
  ENGRAM_FOR_VECTORS(i, n) {
    V x = load(value + i), m = load(first + i), v = load(second + i);
    adam_of(x, m, v, load(gradient + i), step);
    store(value + i, x);
    store(first + i, m);
    store(second + i, v);
  }
  if (i < n) {
    V x = Rest(value + i, n - i, 0).v(), m = Rest(first + i, n - i, 0).v(), v = Rest(second + i, n - i, 0).v();
    adam_of(x, m, v, Rest(gradient + i, n - i, 0).v(), step);
    store_rest(value + i, x, n - i);
    store_rest(first + i, m, n - i);
    store_rest(second + i, v, n - i);
  }
}

#undef ENGRAM_FOR_VECTORS

}  // namespace

const Table ENGRAM_VECTOR_TABLE = {dot,
                                   dot3,
                                   dots_half,
                                   add_rows_half,
                                   sum_squares,
                                   max,
                                   exp_sum,
                                   scale,
                                   add,
                                   mul_scale,
                                   rmsnorm_dx,
                                   gated<Silu>,
                                   gated_backward<Silu>,
                                   gated<Gelu>,
                                   gated_backward<Gelu>,
                                   soft_cap,
                                   soft_cap_backward,
                                   softmax_backward,
                                   rotate_pairs,
                                   rotate_halves,
                                   adam};

}  // namespace engram::vec
