// Kernels in plain C++ for CPUs without a family of their own, and the yardstick the others are tested against. The
// compiler may vectorise them with whatever the baseline allows; no intrinsics here.
#include "scalar.hpp"
#include "tile.hpp"

namespace engram::kernels {
namespace {

struct V4 {
  struct Reg {
    float v[4];
  };
  static constexpr int width = 4;
  static Reg zero() { return {{0, 0, 0, 0}}; }
  static Reg set1(float x) { return {{x, x, x, x}}; }
  static Reg load(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
  static void store(float* p, Reg r) {
    for (int i = 0; i < 4; i++) p[i] = r.v[i];
  }
  static Reg load_first(const float* p, int64_t n) {
    float lanes[4] = {0, 0, 0, 0};
    for (int64_t i = 0; i < n; i++) lanes[i] = p[i];
    return load(lanes);
  }
  static void store_first(float* p, int64_t n, Reg r) {
    float lanes[4];
    store(lanes, r);
    for (int64_t i = 0; i < n; i++) p[i] = lanes[i];
  }
  static Reg mul(Reg a, Reg b) {
    for (int i = 0; i < 4; i++) a.v[i] *= b.v[i];
    return a;
  }
  static Reg add(Reg a, Reg b) {
    for (int i = 0; i < 4; i++) a.v[i] += b.v[i];
    return a;
  }
  static float sum(Reg r) { return (r.v[0] + r.v[1]) + (r.v[2] + r.v[3]); }
  static Reg fma(Reg a, Reg b, Reg c) {
    for (int i = 0; i < 4; i++) c.v[i] += a.v[i] * b.v[i];
    return c;
  }
};

double peak_f32(int64_t n) {
  float acc[8][4] = {};
  for (int64_t i = 0; i < n; i++)
    for (auto& row : acc)
      for (float& x : row) x = x * 0.999f + 0.5f;
  volatile float sink = 0;
  for (auto& row : acc)
    for (float& x : row) sink = sink + x;
  return static_cast<double>(n) * 8 * 4 * 2;
}

}  // namespace

const Table portable = {
    .rows = 4,
    .lanes = 8,
    .tile = tile_any<V4, 4, 2>,
    .dots = dots_any<V4, 2, 2>,
    .transpose = transpose_scalar,
    .f32_to_f16 = f32_to_f16_scalar,
    .f16_to_f32 = f16_to_f32_scalar,
    .f32_to_bf16 = f32_to_bf16_scalar,
    .bf16_to_f32 = bf16_to_f32_scalar,
    .pair_tile = nullptr,
    .pair_transpose = nullptr,
    .peak_f32 = peak_f32,
    .peak_bf16 = nullptr,
};

}  // namespace engram::kernels
