// A frozen Llama-shaped transformer read from a GGUF: its sizes, its norms and its packed matrices. Not here: the
// forward and backward pass (transformer.hpp) and adapters (lora.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gemm/gemm.hpp"
#include "ggml.hpp"
#include "lora.hpp"

namespace engram {

struct ModelConfig {
  std::string architecture;
  int64_t n_layers = 0, d_model = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, d_ff = 0, n_vocab = 0, n_ctx = 0;
  int64_t rope_dim = 0;  // leading dimensions of a head that are rotated
  float rope_theta = 0, rope_scale = 0, norm_eps = 0;
  bool tied_head = false;  // the output matrix is the token embedding
  std::array<Shape, kTargets> shapes() const;
};

// Matrices that read the same input, stacked: one product gives the outputs of all, side by side.
struct Projection {
  struct Slice {
    Target target;
    int64_t first, n;  // rows of `weight`
  };
  FrozenMatrix weight;
  std::vector<Slice> slices;
};

struct LayerWeights {
  std::vector<float> attn_norm, ffn_norm;  // [d_model]
  Projection qkv, o, gate_up, down;
};

// The token embedding as it is in the file; a row is decoded when it is asked for.
class Embedding {
 public:
  Embedding(const uint8_t* data, int64_t n_vocab, int64_t d_model, const Ggml::Type& type);
  void row(int64_t token, float* out) const { type_.dequantize(&bytes_[token * row_bytes_], out, d_model_); }
  int64_t bytes() const { return static_cast<int64_t>(bytes_.size()); }

 private:
  int64_t d_model_, row_bytes_;
  Ggml::Type type_;
  std::vector<uint8_t> bytes_;
};

struct LoadOptions {
  Precision precision = Precision::f32;
  int threads = 1;
  std::function<bool(double share)> on_progress;  // return false to cancel; may be empty
};

class Model {
 public:
  // `ggml_library` is the shared library whose dequantisers are used (libggml-base of the runtime that also generates).
  // Throws `corrupt`, `unsupported`, `not_found`, `memory`, `native`, `cancelled`.
  static std::shared_ptr<const Model> load(const std::string& path, const std::string& ggml_library,
                                           const LoadOptions& options);

  ModelConfig config;
  Embedding token_embedding;
  FrozenMatrix head;                // [n_vocab, d_model]; where it is tied, the embedding once more, packed
  std::vector<float> output_norm;   // [d_model]
  std::vector<float> rope_factors;  // [rope_dim / 2] divisors of the frequencies (Llama 3), or empty
  std::vector<LayerWeights> layers;
  Precision precision;
  int64_t n_parameters = 0;
  std::string path;

  int64_t bytes() const;
  std::vector<std::array<Shape, kTargets>> shapes() const;

 private:
  Model(Embedding embedding, FrozenMatrix head) : token_embedding(std::move(embedding)), head(std::move(head)) {}
};

}  // namespace engram
