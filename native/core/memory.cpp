// The sizes of all large buffers, in one place (see memory.hpp). Each line names whose they are.
#include "memory.hpp"

#include <algorithm>

#include "gemm/kernels.hpp"
#include "ggml.hpp"
#include "gguf.hpp"
#include "loss_head.hpp"
#include "rounding.hpp"

namespace engram {
namespace {

constexpr double kFloat = sizeof(float);

double weight_bytes(Precision precision) {
  return precision == Precision::f32 ? 4 : precision == Precision::int8 ? 1 : 2;
}

}  // namespace

int64_t MemoryNeed::kept_layers(double limit) const {
  if (limit >= most()) return layers;
  if (limit < least()) return -1;
  return std::min(layers, static_cast<int64_t>((limit - least()) / std::max(1.0, whole - input)));
}

BatchSize& BatchSize::grow(const BatchSize& other) {
  tokens = std::max(tokens, other.tokens);
  contexts = std::max(contexts, other.contexts);
  shared = std::max(shared, other.shared);
  return *this;
}

MemoryNeed memory_need(const ModelConfig& c, double model_bytes, const LoraConfig& lora, const BatchSize& batch) {
  const double D = c.d_model, F = c.d_ff, H = c.n_heads, HK = c.n_kv_heads, V = c.n_vocab;
  const double T = static_cast<double>(batch.tokens), contexts = static_cast<double>(batch.contexts);
  const double Q = H * static_cast<double>(c.head_dim), K = HK * static_cast<double>(c.head_dim);
  double parameters = 0, ranks = 0;  // of all layers; of the layer that has most
  for (int layer = lora.first_layer; layer <= lora.last_layer; layer++) {
    double of_layer = 0;
    for (const Target target : lora.targets) {
      const Shape shape = c.shapes()[static_cast<size_t>(target)];
      const double rank = lora.rank_of(layer, target);
      parameters += rank * static_cast<double>(shape.n_in + shape.n_out);
      of_layer += rank;
    }
    ranks = std::max(ranks, of_layer);
  }
  MemoryNeed need;
  need.layers = c.n_layers - lora.first_layer;
  need.model = model_bytes;
  need.adapter = parameters * 4 * kFloat;
  need.input = T * D * kFloat;
  // Transformer::Kept
  double kept = 2 * D + (Q + 2 * K) + Q + 2 * F + H + 2 + ranks;
  if (c.query_key_norm) kept += Q + 2 * K + H + 2 * HK;
  if (c.sandwich_norms) kept += 2 * D + 2;
  need.whole = (T * kept + contexts * (Q + 2 * K)) * kFloat;
  // Transformer's and Trainer's own buffers, activations as bytes
  const double normed = c.sandwich_norms ? D : 0, dropped = lora.dropout > 0 ? 2 * std::max({D, Q, F}) : 0;
  const double forward = 3 * D + F + Q + dropped / 2 + (2 * F) / kFloat;
  const double backward = 2 * D + F + Q + (Q + 2 * K) + ranks + normed + dropped / 2;
  // Attention's gradients of keys and values, of each query head
  const double shares = 2 * H * static_cast<double>(round_up(c.head_dim, kernels::kMaxLanes));
  const double loss_rows = static_cast<double>(std::min(batch.tokens, LossHead::kRows));
  need.forward = T * forward * kFloat;
  need.work = need.forward + (T * backward + (T + static_cast<double>(batch.shared)) * shares) * kFloat +
              loss_rows * (V * (kFloat + 1) + D * kFloat);
  return need;
}

MemoryNeed estimate_memory(const std::string& path, const std::string& ggml_library, Precision precision,
                           LoraConfig lora, int64_t tokens) {
  const GgufFile file = GgufFile::open(path);
  ModelConfig c = read_model_config(file, path);
  const Ggml ggml(ggml_library);
  double bytes = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.shape.size() != 2) continue;
    const bool embeds = tensor.name == "token_embd.weight";
    if (embeds) {
      c.n_vocab = tensor.shape[1];
      bytes += static_cast<double>(ggml.type(tensor.type).bytes(tensor.elements()));
    }
    if (!embeds || file.find("output.weight") == nullptr)
      bytes += static_cast<double>(tensor.elements()) * weight_bytes(precision);
  }
  if (lora.first_layer < 0) lora.first_layer += static_cast<int>(c.n_layers);
  if (lora.last_layer < 0) lora.last_layer += static_cast<int>(c.n_layers);
  return memory_need(c, bytes, lora, {.tokens = tokens});
}

}  // namespace engram
