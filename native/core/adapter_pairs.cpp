// Finding and decoding an adapter's tensors (see adapter_pairs.hpp); names as in llama.cpp's llama-adapter.cpp.
#include "adapter_pairs.hpp"

#include <cmath>
#include <string_view>

#include "cpu.hpp"
#include "gemm/kernels.hpp"

namespace engram {
namespace {

constexpr std::string_view kA = ".lora_a", kB = ".lora_b";

std::vector<float> decoded(const GgufFile& file, const GgufTensor& tensor, const std::string& path, const Ggml* ggml) {
  const int64_t n = tensor.elements();
  // Bytes before memory is asked for: the length may be absurd.
  if (ggml != nullptr) {
    const Ggml::Type type = ggml->type(tensor.type);
    if (tensor.shape[0] % type.block_elements != 0)
      throw Error("corrupt", "Tensor " + tensor.name + " of " + path + " is not whole blocks.");
    const uint8_t* bytes = file.data(tensor, type.bytes(n));
    std::vector<float> out(n);
    type.dequantize(bytes, out.data(), n);
    return out;
  }
  if (tensor.type != kGgufF16) return file.floats(tensor);
  const uint8_t* bytes = file.data(tensor, static_cast<uint64_t>(n) * sizeof(uint16_t));
  std::vector<float> out(n);
  // What is aligned in the file is aligned in memory.
  kernels::table(best_isa()).f16_to_f32(reinterpret_cast<const uint16_t*>(bytes), n, out.data());
  return out;
}

}  // namespace

AdapterPairs AdapterPairs::of(const GgufFile& file, const std::function<Error(const std::string& reason)>& mismatch) {
  const auto says = [&](const char* key) {
    try {
      return file.string(key, "");
    } catch (const Error&) {
      return std::string();  // it is there, and is no text
    }
  };
  if (says("general.type") != "adapter") throw mismatch("it is no adapter");
  if (says("adapter.type") != "lora") throw mismatch("it is no LoRA adapter");
  if (file.tensors().empty()) throw mismatch("it has no tensors");
  AdapterPairs out{says("general.architecture"), file.number("adapter.lora.alpha", 0), {}};
  for (const GgufTensor& tensor : file.tensors()) {
    const bool is_a = tensor.name.ends_with(kA);
    if (!is_a && !tensor.name.ends_with(kB)) throw mismatch("it has a tensor \"" + tensor.name + "\"");
    const std::string weight = tensor.name.substr(0, tensor.name.size() - kA.size());
    const GgufTensor* other = file.find(weight + std::string(is_a ? kB : kA));
    if (other == nullptr) throw mismatch("\"" + tensor.name + "\" has no other half");
    if (is_a) out.pairs.push_back({weight, &tensor, other});
  }
  return out;
}

std::vector<float> finite_values(const GgufFile& file, const GgufTensor& tensor, const std::string& path,
                                 const Ggml* ggml) {
  std::vector<float> out = decoded(file, tensor, path, ggml);
  bool sound = true;
  for (const float x : out) sound &= std::isfinite(x);
  if (!sound) throw Error("corrupt", "The adapter " + path + " holds values that are not finite numbers.");
  return out;
}

}  // namespace engram
