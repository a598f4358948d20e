// Adapter files (see adapter_file.hpp); tensor names and metadata as llama.cpp's llama-adapter.cpp reads them.
#include "adapter_file.hpp"

#include <cmath>

#include "error.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

std::string tensor_name(int layer, int target, char which) {
  return "blk." + std::to_string(layer) + "." + target_gguf_name(static_cast<Target>(target)) + ".weight.lora_" + which;
}

}  // namespace

void write_adapter(const Lora& lora, const std::string& architecture, const std::string& path) {
  GgufWriter out;
  out.set("general.type", std::string("adapter"));
  out.set("general.architecture", architecture);
  out.set("adapter.type", std::string("lora"));
  out.set("adapter.lora.alpha", static_cast<float>(lora.config().alpha));
  for (int layer = 0; layer < lora.layers(); layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = lora.at(layer, static_cast<Target>(t));
      if (!pair.active()) continue;
      out.add(tensor_name(layer, t, 'a'), {pair.n_in, pair.rank}, pair.A.data());
      out.add(tensor_name(layer, t, 'b'), {pair.rank, pair.n_out}, pair.B.data());
    }
  }
  out.write(path);
}

void read_adapter(Lora& lora, const std::string& architecture, const std::string& path) {
  const GgufFile file = GgufFile::open(path);
  const auto mismatch = [&](const std::string& what) {
    return Error("mismatch", "The adapter " + path + " does not fit: " + what + ".",
                 "It was trained with other settings or for another model.");
  };
  if (file.string("general.type", "") != "adapter" || file.string("adapter.type", "") != "lora")
    throw mismatch("it is no LoRA adapter");
  if (file.string("general.architecture") != architecture)
    throw mismatch("its architecture is " + file.string("general.architecture"));
  if (std::abs(file.number("adapter.lora.alpha") - lora.config().alpha) > 1e-6 * lora.config().alpha)
    throw mismatch("its alpha differs");
  size_t expected = 0;
  std::vector<std::vector<float>> values;
  for (int layer = 0; layer < lora.layers(); layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = lora.at(layer, static_cast<Target>(t));
      if (!pair.active()) continue;
      for (const char which : {'a', 'b'}) {
        const GgufTensor* tensor = file.find(tensor_name(layer, t, which));
        if (tensor == nullptr) throw mismatch("it lacks " + tensor_name(layer, t, which));
        const std::vector<int64_t> shape =
            which == 'a' ? std::vector<int64_t>{pair.n_in, pair.rank} : std::vector<int64_t>{pair.rank, pair.n_out};
        if (tensor->shape != shape) throw mismatch(tensor->name + " has another shape");
        values.push_back(file.floats(*tensor));
        for (float x : values.back()) {
          if (!std::isfinite(x))
            throw Error("corrupt", "The adapter " + path + " holds values that are not finite numbers.");
        }
        expected++;
      }
    }
  }
  if (file.tensors().size() != expected) throw mismatch("it adapts other matrices too");
  size_t i = 0;
  for (const Lora::Parameter& p : lora.parameters()) *p.value = std::move(values[i++]);
}

}  // namespace engram
