// LoRA pairs: names, ranks, initial values (see lora.hpp).
#include "lora.hpp"

#include <algorithm>
#include <cmath>

#include "error.hpp"
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

int LoraConfig::rank_of(int layer, Target target) const {
  for (const RankException& e : ranks) {
    if (e.layer == layer && e.target == target) return e.rank;
  }
  return rank;
}

double LoraConfig::scale(int64_t of_rank) const {
  const double r = static_cast<double>(of_rank);
  return alpha / (rank_stabilized ? std::sqrt(r) : r);
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
  constexpr int kMostRank = 1024;
  if (config.rank < 1 || config.rank > kMostRank) throw Error("usage", "The rank must be from 1 to 1024.");
  if (!std::isfinite(config.alpha) || config.alpha <= 0) throw Error("usage", "alpha must be a number above 0.");
  if (!(config.dropout >= 0 && config.dropout < 1)) throw Error("usage", "dropout must be at least 0 and below 1.");
  if (config.targets.empty()) throw Error("usage", "No matrices to adapt: name at least one of q k v o gate up down.");

  std::vector<std::array<int, kTargets>> ranks(n_layers, std::array<int, kTargets>{});
  for (int layer = config_.first_layer; layer <= config_.last_layer; layer++) {
    for (const Target target : config.targets) ranks[layer][static_cast<int>(target)] = config.rank;
  }
  for (const RankException& e : config.ranks) {
    if (e.rank < 0 || e.rank > kMostRank) throw Error("usage", "The rank of a matrix must be from 0 to 1024.");
    int* rank = e.layer < 0 || e.layer >= n_layers ? nullptr : &ranks[e.layer][static_cast<int>(e.target)];
    if (rank == nullptr || *rank == 0) {
      throw Error("usage", "A rank is given for " + std::string(target_name(e.target)) + " of layer " +
                               std::to_string(e.layer) + ", which is not adapted.");
    }
    *rank = e.rank;
  }

  pairs_.resize(n_layers);
  Random random(config.seed);
  for (int layer = config_.first_layer; layer <= config_.last_layer; layer++) {
    for (int t = 0; t < kTargets; t++) {
      LoraPair& pair = pairs_[layer][t];
      pair.rank = ranks[layer][t];
      if (!pair.active()) continue;
      pair.n_in = shapes[layer][t].n_in;
      pair.n_out = shapes[layer][t].n_out;
      pair.scale = static_cast<float>(config.scale(pair.rank));
      const double bound = 1 / std::sqrt(static_cast<double>(pair.n_in));
      pair.A.resize(pair.rank * pair.n_in);
      for (float& a : pair.A) a = static_cast<float>((2 * random.uniform() - 1) * bound);
      pair.B.assign(pair.n_out * pair.rank, 0);
      pair.dA.assign(pair.A.size(), 0);
      pair.dB.assign(pair.B.size(), 0);
    }
  }
  if (parameters().empty()) throw Error("usage", "Every rank is 0: nothing would be trained.");
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
