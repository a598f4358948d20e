// Reads and writes adapters of any model (see adapter.hpp); names and scale as in llama.cpp's llama-adapter.cpp.
#include "adapter.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "adapter_pairs.hpp"
#include "error.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

}  // namespace

Adapter Adapter::read(const std::string& path, const Ggml& ggml) {
  const GgufFile file = GgufFile::open(path);
  const auto mismatch = [&](const std::string& what) {
    return Error("mismatch", "The adapter " + path + " cannot be used here: " + what + ".");
  };
  const AdapterPairs found = AdapterPairs::of(file, mismatch);
  if (!std::isfinite(found.alpha)) throw Error("corrupt", "The alpha of " + path + " is not a number.");
  Adapter out{found.architecture, {}};
  for (const auto& [weight, a, b] : found.pairs) {
    if (weight == "token_embd.weight") throw mismatch("it adapts the token embeddings");
    if (a->shape.size() != 2 || b->shape.size() != 2) throw mismatch("the halves of " + weight + " are no matrices");
    const int64_t rank = a->shape[1];
    if (b->shape[0] != rank) throw mismatch("the halves of " + weight + " do not fit together");
    const double scale = found.alpha != 0 ? found.alpha / static_cast<double>(rank) : 1;
    out.pairs.push_back({weight, a->shape[0], b->shape[1], rank, scale, finite_values(file, *a, path, &ggml),
                         finite_values(file, *b, path, &ggml)});
  }
  return out;
}

double Adapter::write(const std::string& path) const {
  double rank = 0, scale = 0;
  for (const AdapterPair& pair : pairs) {
    rank = std::max(rank, static_cast<double>(pair.rank));
    scale = std::max(scale, std::abs(pair.scale));
  }
  const double alpha = rank * (scale > 0 ? scale : 1);  // llama.cpp takes 0 for a scale of 1
  GgufWriter out;
  out.set("general.type", std::string("adapter"));
  out.set("general.architecture", architecture);
  out.set("adapter.type", std::string("lora"));
  out.set("adapter.lora.alpha", static_cast<float>(alpha));
  std::deque<std::vector<float>> changed;  // kept until they are written
  for (const AdapterPair& pair : pairs) {
    const double factor = pair.scale * static_cast<double>(pair.rank) / alpha;
    const float* B = pair.B.data();
    if (std::abs(factor - 1) > 1e-9) {
      B = changed.emplace_back(pair.B).data();
      for (float& b : changed.back()) b = static_cast<float>(b * factor);
    }
    out.add(pair.weight + std::string(kA), {pair.n_in, pair.rank}, pair.A.data());
    out.add(pair.weight + std::string(kB), {pair.rank, pair.n_out}, B);
  }
  out.write(path);
  return alpha;
}

}  // namespace engram
