// What a training takes of memory, counted before it starts, and how many layers may keep their activations within a
// limit. Not here: what the rest of the process takes.
#pragma once

#include <cstdint>
#include <string>

#include "gemm/gemm.hpp"
#include "lora.hpp"
#include "model_config.hpp"

namespace engram {

// Rows of a batch.
struct BatchSize {
  int64_t tokens = 0;    // that are computed
  int64_t contexts = 0;  // whose keys and values are there, each once
  int64_t shared = 0;    // of the prefixes in the batch, as often as a segment sees them
  // Of each the larger.
  BatchSize& grow(const BatchSize& other);
};

// Bytes for one batch. As doubles, which are exact up to 9 PB and cannot overflow, whatever sizes a
// header claims.
struct MemoryNeed {
  double model = 0;    // packed weights and the embedding
  double adapter = 0;  // A and B, their gradients and two moments
  double work = 0;     // what is needed once, whatever the number of layers
  double input = 0;    // what a layer keeps at least
  double whole = 0;    // what a layer keeps so that it need not be run again
  double forward = 0;  // of `work`, what a pass without gradients needs
  int64_t layers = 0;  // from the first adapted one up
  double least() const { return model + adapter + work + whole + static_cast<double>(layers) * input; }
  double most() const { return model + adapter + work + static_cast<double>(layers) * whole; }
  // Of how many layers everything is kept within `limit` bytes; -1: the limit is below least().
  int64_t kept_layers(double limit) const;
};

// Of a model that is loaded. `lora` has absolute layers, as Lora::config() does.
MemoryNeed memory_need(const ModelConfig& model, double model_bytes, const LoraConfig& lora, const BatchSize& batch);

// Of a model file, from its header, for a batch that shares nothing. Throws as Model::load().
MemoryNeed estimate_memory(const std::string& path, const std::string& ggml_library, Precision precision,
                           LoraConfig lora, int64_t tokens);

}  // namespace engram
