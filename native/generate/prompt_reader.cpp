// Reading a prompt (see prompt_reader.hpp).
#include "prompt_reader.hpp"

#include <algorithm>
#include <utility>

#include "../core/gemm/kernels.hpp"

namespace engram {

PromptReader::PromptReader(std::shared_ptr<const Model> weights, int threads, const std::atomic<bool>& stop)
    : weights_(std::move(weights)), pool_(threads), transformer_(*weights_, nullptr, pool_, stop) {}

void PromptReader::read(Prefix& held, std::span<const int32_t> tokens) {
  const int64_t before = held.rows(), count = static_cast<int64_t>(tokens.size());
  if (count == 0) return;
  Rows rows;
  rows.tokens.assign(tokens.begin(), tokens.end());
  for (int64_t i = 0; i < count; ++i) rows.positions.push_back(static_cast<int32_t>(before + i));
  rows.segments.push_back({0, count, before, count});
  if (before > 0) rows.contexts.push_back({&held, before});
  rows.outputs = {0};  // of the last layer only keys and values are wanted

  const ModelConfig& c = config();
  const int64_t kv = 2 * c.n_kv_heads * c.head_dim, row = c.n_heads * c.head_dim + kv;
  std::vector<std::vector<float>> fresh;
  std::vector<uint16_t> half(static_cast<size_t>(kv));
  Floats x(count * c.d_model);
  transformer_.embed(rows, x.data());
  const auto& kernels = kernels::table(best_isa());
  transformer_.run(rows, 0, c.n_layers, x.data(), false, [&](int64_t, const float* qkv) {
    std::vector<float>& layer = fresh.emplace_back(static_cast<size_t>(count * kv));
    for (int64_t i = 0; i < count; ++i) {
      kernels.f32_to_f16(qkv + (i + 1) * row - kv, kv, half.data());
      kernels.f16_to_f32(half.data(), kv, &layer[static_cast<size_t>(i * kv)]);
    }
  });
  held.layers.resize(static_cast<size_t>(c.n_layers));
  for (size_t l = 0; l < fresh.size(); ++l) {
    held.layers[l].insert(held.layers[l].end(), fresh[l].begin(), fresh[l].end());
  }
  held.tokens.insert(held.tokens.end(), tokens.begin(), tokens.end());
}

}  // namespace engram
