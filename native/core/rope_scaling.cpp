// Rotary frequencies and their scaling (see rope_scaling.hpp); the formulas are those of llama.cpp's ggml_rope_ext.
#include "rope_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "error.hpp"

namespace engram {
namespace {

// What the header says; absent keys mean what llama.cpp takes them for.
struct Scaling {
  std::string kind;   // none, linear, yarn, longrope
  double factor = 1;  // positions are divided by this
  double attention = 1;
  double beta_fast = 32, beta_slow = 1, log_multiplier = 0;
  int64_t n_original = 0;
};

Scaling read_scaling(const GgufFile& file, const std::string& path, const std::string& architecture,
                     const RopeSettings& settings) {
  const std::string prefix = architecture + ".rope.scaling.";
  Scaling out;
  out.kind = file.string(prefix + "type", "linear");
  if (out.kind != "none" && out.kind != "linear" && out.kind != "yarn" && out.kind != "longrope") {
    throw Error("unsupported", "RoPE scaling of kind " + out.kind + " (" + path + ") cannot be trained.",
                "These can: none, linear, yarn, longrope.");
  }
  const double factor = file.number(prefix + "factor", file.number(architecture + ".rope.scale_linear", 0.0));
  if (factor != 0 && out.kind != "none") out.factor = factor;
  out.attention = file.number(prefix + "attn_factor", 1.0);
  out.n_original = file.integer(prefix + "original_context_length", settings.n_ctx);
  if (settings.yarn_settings) {
    out.beta_fast = file.number(prefix + "yarn_beta_fast", out.beta_fast);
    out.beta_slow = file.number(prefix + "yarn_beta_slow", out.beta_slow);
    out.log_multiplier = file.number(prefix + "yarn_log_multiplier", 0.0);
  }
  const auto sound = [](double x) { return std::isfinite(x) && x > 0; };
  if (!sound(out.factor) || !sound(out.attention) || !sound(out.beta_fast) || !sound(out.beta_slow) ||
      !std::isfinite(out.log_multiplier) || out.n_original < 1)
    throw Error("corrupt", path + " has a RoPE scaling in its header that cannot be.");
  return out;
}

// Divisors of the frequencies [R / 2], or none.
std::vector<float> read_factors(const GgufFile& file, const std::string& path, int64_t R) {
  for (const char* name : {"rope_freqs.weight", "rope_factors_short.weight"}) {
    const GgufTensor* tensor = file.find(name);
    if (tensor == nullptr) continue;
    if (tensor->shape != std::vector<int64_t>{R / 2})
      throw Error("corrupt", "Tensor " + tensor->name + " of " + path + " has another shape than its header says.");
    const std::vector<float> factors = file.floats(*tensor);
    for (const float f : factors) {
      if (!(f > 0) || !std::isfinite(f))
        throw Error("corrupt", tensor->name + " of " + path + " holds a value that is not above 0.");
    }
    return factors;
  }
  return {};
}

// The pair that turns `rotations` times within the original context, as a fraction of pairs.
double pair_of(double rotations, int64_t R, double theta, int64_t n_original) {
  return static_cast<double>(R) * std::log(static_cast<double>(n_original) / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(theta));
}

double magnitude_of(double factor, double multiplier) {
  return factor <= 1 ? 1 : 0.1 * multiplier * std::log(factor) + 1;
}

}  // namespace

Rope read_rope(const GgufFile& file, const std::string& path, const std::string& architecture,
               const RopeSettings& settings) {
  const int64_t R = settings.R;
  const Scaling scaling = read_scaling(file, path, architecture, settings);
  const std::vector<float> factors = read_factors(file, path, R);
  const bool yarn = scaling.kind == "yarn";
  const double scale = settings.scaled ? 1 / scaling.factor : 1;

  // YaRN leaves pairs that turn often alone, slows those that hardly turn by the factor, and mixes in between.
  const double low = std::max(0.0, std::floor(pair_of(scaling.beta_fast, R, settings.theta, scaling.n_original)));
  const double high = std::min(static_cast<double>(R) - 1,
                               std::ceil(pair_of(scaling.beta_slow, R, settings.theta, scaling.n_original)));
  Rope out{settings.order, {}, 1};
  for (int64_t i = 0; i < R / 2; i++) {
    const double index = static_cast<double>(i);
    const double plain =
        std::pow(settings.theta, -2 * index / static_cast<double>(R)) / (factors.empty() ? 1.0 : factors[i]);
    const double alone = yarn ? 1 - std::clamp((index - low) / std::max(0.001, high - low), 0.0, 1.0) : 0;
    out.frequencies.push_back(plain * (scale * (1 - alone) + alone));
  }

  if (!std::all_of(out.frequencies.begin(), out.frequencies.end(), [](double f) { return std::isfinite(f); }))
    throw Error("corrupt", path + " has a RoPE scaling in its header that cannot be.");

  double magnitude = scaling.attention;
  if (yarn) {
    magnitude *= magnitude_of(scaling.factor, 1) / (1 + 0.1 * std::log(scaling.factor));
    if (scaling.log_multiplier != 0) magnitude /= magnitude_of(scaling.factor, scaling.log_multiplier);
    magnitude *= 1 - 0.1 * std::log(scale);
  }
  out.magnitude = static_cast<float>(magnitude);
  return out;
}

int64_t rope_context(const GgufFile& file, const std::string& architecture, int64_t n_ctx) {
  if (file.find("rope_factors_long.weight") == nullptr) return n_ctx;
  return std::min(n_ctx, file.integer(architecture + ".rope.scaling.original_context_length", n_ctx));
}

}  // namespace engram
