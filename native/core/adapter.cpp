// Reads and writes adapters of any model (see adapter.hpp); names and scale as in llama.cpp's llama-adapter.cpp.
#include "adapter.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "error.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

std::vector<float> values_of(const GgufFile& file, const GgufTensor& tensor, const Ggml& ggml,
                             const std::string& path) {
  const Ggml::Type type = ggml.type(tensor.type);
  const int64_t n = tensor.elements();
  if (tensor.shape[0] % type.block_elements != 0)
    throw Error("corrupt", "Tensor " + tensor.name + " of " + path + " is not whole blocks.");
  const uint8_t* bytes = file.data(tensor, type.bytes(n));  // before memory is asked for: the length may be absurd
  std::vector<float> out(n);
  type.dequantize(bytes, out.data(), n);
  bool sound = true;
  for (const float x : out) sound &= std::isfinite(x);
  if (!sound) throw Error("corrupt", "The adapter " + path + " holds values that are not finite numbers.");
  return out;
}

}  // namespace

Adapter Adapter::read(const std::string& path, const Ggml& ggml) {
  const GgufFile file = GgufFile::open(path);
  const auto mismatch = [&](const std::string& what) {
    return Error("mismatch", "The adapter " + path + " cannot be used here: " + what + ".");
  };
  if (file.string("general.type", "") != "adapter" || file.string("adapter.type", "") != "lora")
    throw mismatch("it is no LoRA adapter");
  Adapter out;
  out.architecture = file.string("general.architecture");
  const double alpha = file.number("adapter.lora.alpha", 0);
  if (!std::isfinite(alpha)) throw Error("corrupt", "The alpha of " + path + " is not a number.");

  for (const GgufTensor& a : file.tensors()) {
    const bool is_a = std::string_view(a.name).ends_with(kA);
    if (!is_a && !std::string_view(a.name).ends_with(kB)) throw mismatch("it has a tensor " + a.name);
    const std::string weight = a.name.substr(0, a.name.size() - kA.size());
    const GgufTensor* b = file.find(weight + std::string(is_a ? kB : kA));
    if (b == nullptr) throw mismatch(a.name + " has no other half");
    if (!is_a) continue;
    if (weight == "token_embd.weight") throw mismatch("it adapts the token embeddings");
    if (a.shape.size() != 2 || b->shape.size() != 2) throw mismatch("the halves of " + weight + " are no matrices");
    const int64_t rank = a.shape[1];
    if (b->shape[0] != rank) throw mismatch("the halves of " + weight + " do not fit together");
    const double scale = alpha != 0 ? alpha / static_cast<double>(rank) : 1;
    out.pairs.push_back({weight, a.shape[0], b->shape[1], rank, scale, values_of(file, a, ggml, path),
                         values_of(file, *b, ggml, path)});
  }
  if (out.pairs.empty()) throw mismatch("it has no tensors");
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
