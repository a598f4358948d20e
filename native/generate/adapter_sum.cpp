// B₁A₁ + B₂A₂ = [B₁ B₂][A₁; A₂] (see adapter_sum.hpp).
#include "adapter_sum.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "../core/error.hpp"

namespace engram {
namespace {

// The matrices that a tensor of the model holds, and where each begins among its rows.
struct Place {
  int64_t layer;
  std::vector<Projection::Slice> slices;
};

Place place_of(const std::string& tensor, const Model& weights) {
  const auto unknown = [&] {
    return Error("unsupported", "The adapter is of " + tensor + ", which our own kernels do not adapt.",
                 "Set compute to llama.");
  };
  std::string_view name = tensor;
  int64_t layer = 0;
  if (!name.starts_with("blk.") || !name.ends_with(".weight")) throw unknown();
  name.remove_prefix(4), name.remove_suffix(7);
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  if (error != std::errc() || layer < 0 || layer >= weights.config.n_layers) throw unknown();
  name.remove_prefix(static_cast<size_t>(end - name.data()));
  if (!name.starts_with('.')) throw unknown();
  name.remove_prefix(1);
  const LayerWeights& w = weights.layers[static_cast<size_t>(layer)];
  if (weights.config.fused_qkv && name == "attn_qkv") return {layer, w.qkv.slices};
  if (weights.config.fused_gate_up && name == "ffn_up") return {layer, w.gate_up.slices};
  for (const Projection* projection : {&w.qkv, &w.o, &w.gate_up, &w.down}) {
    for (const Projection::Slice& slice : projection->slices) {
      if (name == target_gguf_name(slice.target)) return {layer, {{slice.target, 0, slice.n}}};
    }
  }
  throw unknown();
}

// Adds rows [first, first + n) of scale · B A to what a matrix is adapted with.
void add(LoraPair& to, const AdapterPair& from, float scale, int64_t first, int64_t n) {
  LoraPair sum{.n_in = from.n_in,
               .n_out = n,
               .rank = to.rank + from.rank,
               .scale = 1,
               .A = std::move(to.A),
               .dA = {},
               .B = {},
               .dB = {}};
  sum.A.insert(sum.A.end(), from.A.begin(), from.A.end());
  const float* b = &from.B[static_cast<size_t>(first * from.rank)];
  if (to.rank == 0) {  // of one adapter all at once: it is most of what a new one costs
    sum.B.assign(b, b + n * from.rank);
    for (float& value : sum.B) value *= scale;
  } else {
    sum.B.resize(static_cast<size_t>(n * sum.rank));
    for (int64_t row = 0; row < n; ++row, b += from.rank) {
      float* out = &sum.B[static_cast<size_t>(row * sum.rank)];
      out = std::copy_n(&to.B[static_cast<size_t>(row * to.rank)], to.rank, out);
      std::transform(b, b + from.rank, out, [scale](float value) { return value * scale; });
    }
  }
  to = std::move(sum);
}

}  // namespace

Lora sum_of(const std::vector<AdapterUse>& adapters, const Model& weights) {
  std::vector<std::array<LoraPair, kTargets>> pairs(weights.layers.size());
  const Ggml ggml(weights.ggml_library);
  for (const AdapterUse& use : adapters) {
    for (const AdapterPair& pair : use.adapter->pairs(ggml)) {
      const Place place = place_of(pair.weight, weights);
      for (const Projection::Slice& slice : place.slices) {
        LoraPair& to = pairs[static_cast<size_t>(place.layer)][static_cast<size_t>(slice.target)];
        add(to, pair, use.scale * static_cast<float>(pair.scale), slice.first, slice.n);
      }
    }
  }
  return Lora(std::move(pairs));
}

}  // namespace engram
