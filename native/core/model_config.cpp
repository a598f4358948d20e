// The architectures that can be trained, and how their headers are read (see model_config.hpp).
#include "model_config.hpp"

#include <algorithm>
#include <cmath>

#include "error.hpp"
#include "rope_scaling.hpp"

namespace engram {
namespace {

// In which ways an architecture differs from Llama.
struct Architecture {
  const char* name;
  RopeOrder order = RopeOrder::halves;
  bool query_key_norm = false;             // Qwen 3, Gemma 3
  bool gemma = false;                      // sandwich norms, GeGLU, scaled embeddings
  bool fused_gate_up = false;              // Phi-3
  int64_t unturned_period = 0;             // every so manieth layer has no rotary embedding (SmolLM 3)
  int64_t window_period = 0;               // every so manieth layer sees everything, the others a window
  int64_t default_window = 0;              // where the header names none
  float attention_cap = 0, logit_cap = 0;  // where the header names none
  double local_theta = 0;                  // of layers with a window; 0: as the others, scaling included
  int64_t largest_layers = 0;              // the model with so many layers scales attention by its width (27B)
  bool yarn_settings = false;
};

constexpr Architecture kArchitectures[] = {
    {.name = "llama", .order = RopeOrder::neighbours},
    {.name = "mistral3", .order = RopeOrder::neighbours, .yarn_settings = true},
    {.name = "smollm3", .order = RopeOrder::neighbours, .unturned_period = 4},
    {.name = "qwen2"},
    {.name = "qwen3", .query_key_norm = true},
    {.name = "gemma2",
     .gemma = true,
     .window_period = 2,
     .default_window = 4096,
     .attention_cap = 50,
     .logit_cap = 30,
     .largest_layers = 46},
    {.name = "gemma3",
     .query_key_norm = true,
     .gemma = true,
     .window_period = 6,
     .local_theta = 10000,
     .largest_layers = 62},
    {.name = "phi3", .fused_gate_up = true},
};

const Architecture& find_architecture(const std::string& name) {
  for (const Architecture& a : kArchitectures) {
    if (name == a.name) return a;
  }
  std::string list;
  for (const Architecture& a : kArchitectures) list += std::string(list.empty() ? "" : ", ") + a.name;
  throw Error("unsupported", "Models of architecture " + name + " cannot be trained yet.", "These can: " + list + ".");
}

class ConfigReader {
 public:
  ConfigReader(const GgufFile& file, const std::string& path)
      : file_(file), path_(path), name_(file.string("general.architecture")), a_(find_architecture(name_)) {}

  ModelConfig read() {
    refuse_what_cannot_be();
    ModelConfig c;
    c.architecture = name_;
    c.n_layers = size("block_count");
    if (c.n_layers > static_cast<int64_t>(file_.tensors().size()))
      throw Error("corrupt", path_ + " says that it has more layers than it has tensors.");
    c.d_model = size("embedding_length");
    c.d_ff = size("feed_forward_length");
    c.n_heads = size("attention.head_count");
    c.n_kv_heads = size("attention.head_count_kv", c.n_heads);
    c.head_dim = size("attention.key_length", std::max<int64_t>(1, c.d_model / c.n_heads));
    c.n_ctx = size("context_length", 2048);
    c.norm_eps = static_cast<float>(file_.number(key("attention.layer_norm_rms_epsilon")));
    c.query_key_norm = a_.query_key_norm;
    c.sandwich_norms = c.gelu = a_.gemma;
    c.fused_qkv = file_.find("blk.0.attn_qkv.weight") != nullptr;
    c.fused_gate_up = a_.fused_gate_up;
    if (a_.gemma) c.embedding_scale = std::sqrt(static_cast<float>(c.d_model));
    const int64_t scaled_by = c.n_layers == a_.largest_layers ? c.d_model / c.n_heads : c.head_dim;
    c.attention_scale = static_cast<float>(1 / std::sqrt(static_cast<double>(scaled_by)));
    if (a_.attention_cap > 0) c.attention_cap = cap("attn_logit_softcapping", a_.attention_cap);
    if (a_.gemma) c.logit_cap = cap("final_logit_softcapping", a_.logit_cap);
    read_layers(c);
    const int64_t R = size("rope.dimension_count", c.head_dim);
    if (c.n_heads % c.n_kv_heads != 0 || R > c.head_dim || R % 2 != 0 || !(c.norm_eps > 0)) {
      throw Error("corrupt", path_ + " has sizes in its header that do not fit together.");
    }
    if (size("attention.value_length", c.head_dim) != c.head_dim)
      throw Error("unsupported", "Models whose values have another size than their keys cannot be trained yet.");
    read_ropes(c, R);
    return c;
  }

 private:
  std::string key(const std::string& rest) const { return name_ + "." + rest; }

  void refuse_what_cannot_be() const {
    if (file_.has(key("expert_count")) && file_.integer(key("expert_count")) > 0)
      throw Error("unsupported", "Models of experts (" + key("expert_count") + ") cannot be trained yet.");
  }

  // A size that must be there unless it has a fallback.
  int64_t size(const char* rest, int64_t fallback = 0) const {
    const std::string name = key(rest);
    if (file_.has_list(name))
      throw Error("unsupported", "Models whose layers differ in " + name + " cannot be trained yet.");
    const int64_t n = fallback == 0 ? file_.integer(name) : file_.integer(name, fallback);
    if (n < 1 || n > (int64_t{1} << 24))
      throw Error("corrupt", path_ + " says that " + name + " is " + std::to_string(n) + ".");
    return n;
  }

  double positive(const char* rest, double fallback) const {
    const double x = file_.number(key(rest), fallback);
    if (!std::isfinite(x) || x <= 0) throw Error("corrupt", path_ + " has a " + key(rest) + " that cannot be.");
    return x;
  }

  float cap(const char* rest, float fallback) const {
    const double x = file_.number(key(rest), static_cast<double>(fallback));
    if (!std::isfinite(x) || x < 0) throw Error("corrupt", path_ + " has a " + key(rest) + " that cannot be.");
    return static_cast<float>(x);
  }

  void read_layers(ModelConfig& c) const {
    c.layers.resize(c.n_layers);
    if (a_.unturned_period > 0) {
      for (int64_t i = 0; i < c.n_layers; i++) c.layers[i].turned = (i + 1) % a_.unturned_period != 0;
    }
    if (a_.window_period == 0) return;
    const int64_t window = file_.integer(key("attention.sliding_window"), a_.default_window);
    if (window < 0) throw Error("corrupt", path_ + " has a sliding window of " + std::to_string(window) + " tokens.");
    if (window == 0) return;
    const std::string pattern = key("attention.sliding_window_pattern");
    if (file_.has_list(pattern))  // some versions of llama.cpp obey it, others take the default
      throw Error("unsupported", "Models with a list in " + pattern + " cannot be trained yet.");
    const int64_t period = file_.integer(pattern, a_.window_period);
    for (int64_t i = 0; i < c.n_layers; i++) {
      c.layers[i].local = period <= 0 || i % period < period - 1;
      if (c.layers[i].local) c.layers[i].window = window;
    }
  }

  void read_ropes(ModelConfig& c, int64_t R) const {
    RopeSettings settings{a_.order, R, positive("rope.freq_base", 10000.0), c.n_ctx, true, a_.yarn_settings};
    c.rope = read_rope(file_, path_, name_, settings);
    settings.theta = positive("rope.freq_base_swa", a_.local_theta > 0 ? a_.local_theta : settings.theta);
    settings.scaled = a_.local_theta == 0;
    c.local_rope = read_rope(file_, path_, name_, settings);
    c.n_ctx = rope_context(file_, name_, c.n_ctx);
    // Mistral 3 sharpens attention by the position, beginning at the original context.
    if (a_.yarn_settings && file_.number(key("attention.temperature_scale"), 0.0) != 0)
      c.n_ctx = std::min(c.n_ctx, size("rope.scaling.original_context_length", c.n_ctx));
  }

  const GgufFile& file_;
  const std::string& path_;
  const std::string name_;
  const Architecture& a_;
};

}  // namespace

ModelConfig read_model_config(const GgufFile& file, const std::string& path) { return ConfigReader(file, path).read(); }

std::array<Shape, kTargets> ModelConfig::shapes() const {
  const int64_t Q = n_heads * head_dim, K = n_kv_heads * head_dim;
  return {{{Q, d_model}, {K, d_model}, {K, d_model}, {d_model, Q}, {d_ff, d_model}, {d_ff, d_model}, {d_model, d_ff}}};
}

}  // namespace engram
