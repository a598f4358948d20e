// 8-bit kernels in plain C++, also the reference that the others are tested against.
#include "int8_scalar.hpp"

namespace engram::kernels {
namespace {

constexpr int32_t kOffset = 128;

void tile(const Int8Tile& t) {
  for (int64_t r = 0; r < t.rows; r++)
    for (int64_t col = 0; col < t.cols; col++) {
      float total = 0;
      for (int64_t begin = 0, group = 0; begin < t.k; begin += kInt8Group, group++) {
        const int64_t end = begin + kInt8Group < t.k ? begin + kInt8Group : t.k;
        int32_t sum = t.sums[r * t.lds + group];
        for (int64_t p = begin; p < end; p++) sum += t.x[r * t.ldx + p] * t.w[p / 4 * 4 * kInt8Lanes + col * 4 + p % 4];
        total = __builtin_fmaf(static_cast<float>(sum), t.scales[r * t.lds + group], total);
      }
      float& c = t.c[r * t.ldc + col];
      const float y = rounded(total * t.lane_scale[col]);
      c = t.accumulate ? y + c : y;
    }
}

void quantize(const float* x, const float* factor, int64_t n, int8_t* q, float* scales, int32_t* sums) {
  for (int64_t i = 0, g = 0; i < n; i += kInt8Group, g++) {
    const int64_t count = n - i < kInt8Group ? n - i : kInt8Group;
    quantize_group_scalar(x + i, factor ? factor + i : nullptr, count, kOffset, q + i, scales + g, sums + g);
  }
}

void transpose(const uint8_t* src, uint8_t* dst) {
  for (int64_t i = 0; i < 32; i++)
    for (int64_t o = 0; o < 32; o++) dst[o / 4 * 128 + i * 4 + o % 4] = src[i / 4 * 128 + o * 4 + i % 4];
}

}  // namespace

const Int8Table int8_portable = {.rows = 4,
                                 .depth = 4,
                                 .step = 4,
                                 .offset = kOffset,
                                 .most = 127,
                                 .tile = tile,
                                 .quantize = quantize,
                                 .transpose = transpose,
                                 .peak = nullptr};

}  // namespace engram::kernels
