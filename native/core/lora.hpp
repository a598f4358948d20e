// LoRA (Hu et al. 2021, arXiv 2106.09685): y = W x + scale · B A x with W frozen. A Lora is the set of A/B pairs of one
// adapter, each of a rank of its own, with their gradients. Not here: the frozen W (model.hpp) and the optimizer's
// moments (optimizer.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "threads.hpp"

namespace engram {

enum class Target { q, k, v, o, gate, up, down };
constexpr int kTargets = 7;
const char* target_name(Target target);       // "q" …
const char* target_gguf_name(Target target);  // "attn_q" … "ffn_down"

// The rank of one matrix where it is another than that of the rest; 0 leaves it out.
struct RankException {
  int layer;
  Target target;
  int rank;
};

struct LoraConfig {
  int rank = 8;
  double alpha = 16;
  bool rank_stabilized = false;      // rsLoRA (Kalajdzievski 2023, arXiv 2312.03732): scale = alpha / sqrt(rank)
  std::vector<RankException> ranks;  // one for a matrix at most
  std::vector<Target> targets = {Target::q, Target::k, Target::v, Target::o, Target::gate, Target::up, Target::down};
  int first_layer = 0, last_layer = -1;  // both included; negative counts from the top
  double dropout = 0;                    // on the input of A, in training only
  uint64_t seed = 0;

  int rank_of(int layer, Target target) const;  // of a matrix that is adapted
  double scale(int64_t of_rank) const;          // what B A is multiplied with: alpha / rank unless rank_stabilized
};

// One adapted matrix. Shapes as in PEFT.
struct LoraPair {
  int64_t n_in = 0, n_out = 0, rank = 0;
  float scale = 0;           // config.scale(rank)
  std::vector<float> A, dA;  // [rank, n_in]; starts uniform in ±1/sqrt(n_in) (PEFT's kaiming_uniform with a = sqrt 5)
  std::vector<float> B, dB;  // [n_out, rank]; starts at zero
  bool active() const { return rank > 0; }
};

struct Shape {
  int64_t n_out, n_in;
};

class Lora {
 public:
  // `shapes[layer][target]` are those of the frozen matrices. Throws `usage`.
  Lora(const LoraConfig& config, const std::vector<std::array<Shape, kTargets>>& shapes);
  // Of pairs as they are, of each layer, to compute with: there are no gradients, and config() says nothing.
  explicit Lora(std::vector<std::array<LoraPair, kTargets>> pairs) : pairs_(std::move(pairs)) {}

  const LoraConfig& config() const { return config_; }  // layers made absolute
  LoraPair& at(int layer, Target target) { return pairs_[layer][static_cast<int>(target)]; }
  const LoraPair& at(int layer, Target target) const { return pairs_[layer][static_cast<int>(target)]; }
  int layers() const { return static_cast<int>(pairs_.size()); }

  struct Parameter {
    std::vector<float>* value;
    std::vector<float>* gradient;
    bool is_b;
  };
  std::vector<Parameter> parameters();  // A then B of each pair, in the order of layers and targets
  void clear_gradients();

 private:
  LoraConfig config_;
  std::vector<std::array<LoraPair, kTargets>> pairs_;
};

}  // namespace engram
