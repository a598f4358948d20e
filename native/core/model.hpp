// A frozen transformer read from a GGUF: its norms, its biases and its packed matrices. Not here: its sizes and what
// kind it is (model_config.hpp), the forward and backward pass (transformer.hpp) and adapters (lora.hpp).
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
#include "model_config.hpp"

namespace engram {

// Matrices that read the same input, stacked: one product gives the outputs of all, side by side.
struct Projection {
  struct Slice {
    Target target;
    int64_t first, n;  // rows of `weight`
  };
  FrozenMatrix weight;
  std::vector<float> bias;  // [rows of `weight`] or empty
  std::vector<Slice> slices;
};

struct LayerWeights {
  std::vector<float> attn_norm, ffn_norm;            // [d_model]
  std::vector<float> q_norm, k_norm;                 // [head_dim], or empty without query_key_norm
  std::vector<float> attn_post_norm, ffn_post_norm;  // [d_model], or empty without sandwich_norms
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
  FrozenMatrix head;               // [n_vocab, d_model]; where it is tied, the embedding once more, packed
  std::vector<float> output_norm;  // [d_model]
  std::vector<LayerWeights> layers;
  Precision precision;
  int64_t n_parameters = 0;
  double interleaved = 0;          // share of the parameters in formats that llama.cpp has its fastest kernels for
  std::string path, ggml_library;  // that it was read with

  int64_t bytes() const;
  std::vector<std::array<Shape, kTargets>> shapes() const;

 private:
  Model(Embedding embedding, FrozenMatrix head) : token_embedding(std::move(embedding)), head(std::move(head)) {}
};

}  // namespace engram
