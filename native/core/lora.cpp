// LoRA pairs: initial values, forward and backward (see lora.hpp).
#include "lora.hpp"

#include <algorithm>
#include <cmath>

#include "error.hpp"
#include "gemm/gemm.hpp"
#include "random.hpp"

namespace engram {

const char* target_name(Target target) {
  constexpr const char* names[kTargets] = {"q", "k", "v", "o", "gate", "up", "down"};
  return names[static_cast<int>(target)];
}

const char* target_gguf_name(Target target) {
  constexpr const char* names[kTargets] = {"attn_q",   "attn_k", "attn_v",  "attn_output",
                                           "ffn_gate", "ffn_up", "ffn_down"};
  return names[static_cast<int>(target)];
}

void LoraPair::forward(const float* x, float* h, float* y, int64_t T, ThreadPool& pool) const {
  gemm(false, true, T, rank, n_in, 1, x, n_in, A.data(), n_in, 0, h, rank, pool);        // h = x Aᵀ
  gemm(false, true, T, n_out, rank, scale, h, rank, B.data(), rank, 1, y, n_out, pool);  // y += scale · h Bᵀ
}

void LoraPair::backward(const float* x, const float* h, const float* dy, float* dx, float* dh, int64_t T,
                        ThreadPool& pool) {
  gemm(false, false, T, rank, n_out, scale, dy, n_out, B.data(), rank, 0, dh, rank, pool);  // dh = scale · dy B
  gemm(true, false, n_out, rank, T, scale, dy, n_out, h, rank, 1, dB.data(), rank, pool);   // dB += scale · dyᵀ h
  gemm(true, false, rank, n_in, T, 1, dh, rank, x, n_in, 1, dA.data(), n_in, pool);         // dA += dhᵀ x
  if (dx != nullptr) gemm(false, false, T, n_in, rank, 1, dh, rank, A.data(), n_in, 1, dx, n_in, pool);  // dx += dh A
}

Lora::Lora(const LoraConfig& config, const std::vector<std::array<Shape, kTargets>>& shapes) : config_(config) {
  const int n_layers = static_cast<int>(shapes.size());
  const auto absolute = [&](int layer) { return layer < 0 ? layer + n_layers : layer; };
  config_.first_layer = absolute(config.first_layer);
  config_.last_layer = absolute(config.last_layer);
  if (config_.first_layer < 0 || config_.last_layer >= n_layers || config_.first_layer > config_.last_layer) {
    throw Error(
        "usage",
        "No such layers: " + std::to_string(config.first_layer) + " to " + std::to_string(config.last_layer) + ".",
        "The model has layers 0 to " + std::to_string(n_layers - 1) + ".");
  }
  if (config.rank < 1 || config.rank > 1024) throw Error("usage", "The rank must be from 1 to 1024.");
  if (!std::isfinite(config.alpha) || config.alpha <= 0) throw Error("usage", "alpha must be a number above 0.");
  if (!(config.dropout >= 0 && config.dropout < 1)) throw Error("usage", "dropout must be at least 0 and below 1.");
  if (config.targets.empty()) throw Error("usage", "No matrices to adapt: name at least one of q k v o gate up down.");

  pairs_.resize(n_layers);
  Random random(config.seed);
  for (int layer = config_.first_layer; layer <= config_.last_layer; layer++) {
    for (int t = 0; t < kTargets; t++) {
      bool wanted = false;
      for (Target target : config.targets) wanted |= static_cast<int>(target) == t;
      if (!wanted) continue;
      LoraPair& pair = pairs_[layer][t];
      pair.n_in = shapes[layer][t].n_in;
      pair.n_out = shapes[layer][t].n_out;
      pair.rank = config.rank;
      pair.scale = static_cast<float>(config.alpha / config.rank);
      const double bound = 1 / std::sqrt(static_cast<double>(pair.n_in));
      pair.A.resize(pair.rank * pair.n_in);
      for (float& a : pair.A) a = static_cast<float>((2 * random.uniform() - 1) * bound);
      pair.B.assign(pair.n_out * pair.rank, 0);
      pair.dA.assign(pair.A.size(), 0);
      pair.dB.assign(pair.B.size(), 0);
    }
  }
}

std::vector<Lora::Parameter> Lora::parameters() {
  std::vector<Parameter> out;
  for (auto& layer : pairs_) {
    for (LoraPair& pair : layer) {
      if (!pair.active()) continue;
      out.push_back({&pair.A, &pair.dA, false});
      out.push_back({&pair.B, &pair.dB, true});
    }
  }
  return out;
}

void Lora::clear_gradients() {
  for (const Parameter& p : parameters()) std::fill(p.gradient->begin(), p.gradient->end(), 0.0f);
}

}  // namespace engram
