// What a model is: its sizes and the switches in which the architectures that can be trained differ, read from a GGUF's
// header. Each is what llama.cpp makes of the same header, since that is what the adapter will run on. Not here: the
// weights (model.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gguf.hpp"
#include "lora.hpp"
#include "ops/ops.hpp"

namespace engram {

struct ModelConfig {
  std::string architecture;
  int64_t n_layers = 0, d_model = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, d_ff = 0, n_vocab = 0, n_ctx = 0;
  float norm_eps = 0;
  bool tied_head = false;                         // the output matrix is the token embedding
  bool query_key_norm = false;                    // each head of q and k is normed before it is turned
  bool sandwich_norms = false;                    // what a layer's halves add to the residual is normed too
  bool gelu = false;                              // GeGLU, not SwiGLU
  bool fused_qkv = false, fused_gate_up = false;  // one tensor of the file holds all of these matrices
  float embedding_scale = 1, attention_scale = 0;
  float attention_cap = 0, logit_cap = 0;  // soft caps; 0: none

  struct Layer {
    bool turned = true;  // rotary embedding; false: none (NoPE)
    bool local = false;  // uses local_rope
    int64_t window = 0;  // tokens that a token sees; 0: all before it
  };
  std::vector<Layer> layers;
  Rope rope, local_rope;

  std::array<Shape, kTargets> shapes() const;
};

// `n_vocab` and `tied_head` are left to who reads the tensors. Throws `corrupt`; `unsupported` with the list of
// architectures that can be trained.
ModelConfig read_model_config(const GgufFile& file, const std::string& path);

}  // namespace engram
