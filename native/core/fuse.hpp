// A model with adapters built in: W + Σ weight · scale · B A, written as a new GGUF that needs no adapter. Everything
// else of the file (metadata, tokenizer, other tensors) is copied byte for byte, tensor by tensor, so that memory stays
// small. Not here: adapters made into one adapter (merge.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ggml.hpp"
#include "merge.hpp"

namespace engram {

struct FuseOptions {
  // What adapted tensors are stored as: a type that Ggml::encode() knows, or "own", the type that each has in the
  // model. A coarse type may round away what the adapter adds.
  std::string type = "f16";
  int threads = 1;
  std::function<bool(double share)> on_progress = {};  // return false to cancel; may be empty
};

struct FuseReport {
  int64_t bytes = 0;    // of the new file
  int64_t tensors = 0;  // that were changed
};

// Throws `mismatch` (an adapter of another model), `usage`, `unsupported`, `disk` (no room: nothing is written then),
// `cancelled`, and what reading throws. The output appears whole or not at all.
FuseReport fuse_adapters(const std::string& model, const std::vector<WeightedAdapter>& adapters,
                         const std::string& output, const Ggml& ggml, const FuseOptions& options);

}  // namespace engram
