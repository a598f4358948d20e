// Adapter files (see adapter_file.hpp); tensor names and metadata as llama.cpp's llama-adapter.cpp reads them.
#include "adapter_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <deque>
#include <vector>

#include "adapter_pairs.hpp"
#include "cpu.hpp"
#include "error.hpp"
#include "gemm/kernels.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

// A tensor of the model and the matrices that lie in it, one above the other; usually one.
struct AdaptedTensor {
  const char* name;
  std::vector<Target> targets;
};

std::vector<AdaptedTensor> adapted_tensors(const ModelConfig& model) {
  std::vector<AdaptedTensor> out;
  const auto add = [&](std::vector<Target> targets, const char* fused) {
    if (fused != nullptr) return out.push_back({fused, std::move(targets)});
    for (const Target target : targets) out.push_back({target_gguf_name(target), {target}});
  };
  add({Target::q, Target::k, Target::v}, model.fused_qkv ? "attn_qkv" : nullptr);
  add({Target::o}, nullptr);
  add({Target::gate, Target::up}, model.fused_gate_up ? "ffn_up" : nullptr);
  add({Target::down}, nullptr);
  return out;
}

std::string tensor_name(int layer, const char* name, char which) {
  return "blk." + std::to_string(layer) + "." + name + ".weight.lora_" + which;
}

// llama.cpp knows one alpha and multiplies with alpha / rank, whatever the rank of the tensor. With this one the widest
// matrix has its own scale.
double stored_alpha(const Lora& lora) {
  int64_t rank = 0;
  for (int layer = 0; layer < lora.layers(); layer++) {
    for (int t = 0; t < kTargets; t++) rank = std::max(rank, lora.at(layer, static_cast<Target>(t)).rank);
  }
  return static_cast<double>(rank) * lora.config().scale(rank);
}

// The pairs of one tensor as the one pair that llama.cpp wants for it: A [rank, n_in] holds the pairs' A one above the
// other, B [n_out, rank] their B along its diagonal, and zeros. llama.cpp divides alpha by that larger rank, so B grows
// by as much: a power of two where all ranks are equal, which loses no bit; other factors for rsLoRA of several ranks.
class Combined {
 public:
  Combined(const Lora& lora, int layer, const std::vector<Target>& targets, const std::array<Shape, kTargets>& shapes) {
    int64_t largest = 0, row = 0, column = 0;
    uint64_t active = 0;
    for (const Target target : targets) {
      const LoraPair& pair = lora.at(layer, target);
      n_in = shapes[static_cast<size_t>(target)].n_in;
      if (pair.active()) {
        blocks_.push_back({target, row, column});
        largest = std::max(largest, pair.rank);
        column += pair.rank;
        active++;
      }
      row += shapes[static_cast<size_t>(target)].n_out;
    }
    n_out = row;
    rank = targets.size() == 1 ? largest : largest * static_cast<int64_t>(std::bit_ceil(active));
  }

  bool active() const { return !blocks_.empty(); }

  void pack(const Lora& lora, int layer, std::vector<float>& A, std::vector<float>& B) const {
    A.assign(rank * n_in, 0);
    B.assign(n_out * rank, 0);
    for (const Block& block : blocks_) {
      const LoraPair& pair = lora.at(layer, block.target);
      std::copy(pair.A.begin(), pair.A.end(), A.begin() + block.column * n_in);
      const float factor = growth(lora, pair);
      for (int64_t i = 0; i < pair.n_out; i++) {
        for (int64_t r = 0; r < pair.rank; r++)
          B[(block.row + i) * rank + block.column + r] = pair.B[i * pair.rank + r] * factor;
      }
    }
  }

  // A and B of each pair, in the order of targets. False if B has other values than those along its diagonal.
  bool unpack(const Lora& lora, int layer, const std::vector<float>& A, std::vector<float>& B,
              std::vector<std::vector<float>>& out) const {
    for (const Block& block : blocks_) {
      const LoraPair& pair = lora.at(layer, block.target);
      const auto first = A.begin() + block.column * n_in;
      out.emplace_back(first, first + pair.rank * n_in);
      std::vector<float>& b = out.emplace_back();
      const float factor = growth(lora, pair);
      for (int64_t i = 0; i < pair.n_out; i++) {
        for (int64_t r = 0; r < pair.rank; r++) {
          float& value = B[(block.row + i) * rank + block.column + r];
          b.push_back(value / factor);
          value = 0;
        }
      }
    }
    return std::all_of(B.begin(), B.end(), [](float x) { return x == 0; });
  }

  int64_t n_in = 0, n_out = 0, rank = 0;

 private:
  struct Block {
    Target target;
    int64_t row, column;
  };
  float growth(const Lora& lora, const LoraPair& pair) const {
    const double factor = lora.config().scale(pair.rank) * static_cast<double>(rank) / stored_alpha(lora);
    return std::abs(factor - 1) < 1e-9 ? 1 : static_cast<float>(factor);
  }
  std::vector<Block> blocks_;
};

std::vector<uint16_t> halves_of(const std::vector<float>& values) {
  // The conversion would make the largest there is of them.
  if (!std::all_of(values.begin(), values.end(), [](float x) { return std::abs(x) <= 65504; })) {
    throw Error("unsupported", "The adapter holds values that F16 cannot.", "Save it as F32.");
  }
  std::vector<uint16_t> out(values.size());
  kernels::table(best_isa()).f32_to_f16(values.data(), static_cast<int64_t>(values.size()), out.data());
  return out;
}

}  // namespace

void write_adapter(const Lora& lora, const ModelConfig& model, const std::string& path, AdapterType type) {
  GgufWriter out;
  out.set("general.type", std::string("adapter"));
  out.set("general.architecture", model.architecture);
  out.set("adapter.type", std::string("lora"));
  out.set("adapter.lora.alpha", static_cast<float>(stored_alpha(lora)));
  std::deque<std::vector<float>> values;  // whose addresses stay
  std::deque<std::vector<uint16_t>> halves;
  const auto add = [&](const std::string& name, std::vector<int64_t> shape, std::vector<float> data) {
    if (type == AdapterType::f16)
      return out.add_f16(name, std::move(shape), halves.emplace_back(halves_of(data)).data());
    out.add(name, std::move(shape), values.emplace_back(std::move(data)).data());
  };
  for (int layer = 0; layer < lora.layers(); layer++) {
    for (const AdaptedTensor& tensor : adapted_tensors(model)) {
      const Combined pair(lora, layer, tensor.targets, model.shapes());
      if (!pair.active()) continue;
      std::vector<float> A, B;
      pair.pack(lora, layer, A, B);
      add(tensor_name(layer, tensor.name, 'a'), {pair.n_in, pair.rank}, std::move(A));
      add(tensor_name(layer, tensor.name, 'b'), {pair.rank, pair.n_out}, std::move(B));
    }
  }
  out.write(path);
}

void read_adapter(Lora& lora, const ModelConfig& model, const std::string& path) {
  const GgufFile file = GgufFile::open(path);
  const auto mismatch = [&](const std::string& what) {
    return Error("mismatch", "The adapter " + path + " does not fit: " + what + ".",
                 "It was trained with other settings or for another model.");
  };
  const AdapterPairs found = AdapterPairs::of(file, mismatch);
  if (found.architecture != model.architecture) throw mismatch("its architecture is " + found.architecture);
  // Turned this way round because the file's alpha may be NaN.
  const double alpha = stored_alpha(lora);
  if (!(std::abs(found.alpha - alpha) <= 1e-6 * alpha)) throw mismatch("its alpha differs");
  size_t expected = 0;
  std::vector<std::vector<float>> values;
  const auto read = [&](const std::string& name, const std::vector<int64_t>& shape) {
    const GgufTensor* tensor = file.find(name);
    if (tensor == nullptr) throw mismatch("it lacks " + name);
    if (tensor->shape != shape) throw mismatch(name + " has another shape");
    expected++;
    return finite_values(file, *tensor, path, nullptr);
  };
  for (int layer = 0; layer < lora.layers(); layer++) {
    for (const AdaptedTensor& tensor : adapted_tensors(model)) {
      const Combined pair(lora, layer, tensor.targets, model.shapes());
      if (!pair.active()) continue;
      const std::vector<float> A = read(tensor_name(layer, tensor.name, 'a'), {pair.n_in, pair.rank});
      std::vector<float> B = read(tensor_name(layer, tensor.name, 'b'), {pair.rank, pair.n_out});
      if (!pair.unpack(lora, layer, A, B, values))
        throw mismatch(std::string(tensor.name) + " is not adapted matrix by matrix");
    }
  }
  if (file.tensors().size() != expected) throw mismatch("it adapts other matrices too");
  size_t i = 0;
  for (const Lora::Parameter& p : lora.parameters()) *p.value = std::move(values[i++]);
}

}  // namespace engram
