// The AVX-512 family without bf16 dot products (kernels in avx512.hpp).
#include "avx512.hpp"

namespace engram::kernels {

const Table avx512 = {
    .rows = 9,
    .lanes = 32,
    .tile = tile_any<V16, 9, 2>,
    .dots = dots_any<V16, 6, 4>,
    .transpose = transpose,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
    .f32_to_bf16 = f32_to_bf16_scalar,
    .bf16_to_f32 = bf16_to_f32,
    .pair_tile = nullptr,
    .pair_transpose = nullptr,
    .peak_f32 = peak_f32,
    .peak_bf16 = nullptr,
};

}  // namespace engram::kernels
