// A LoRA adapter as it lies in a GGUF file, without its model: any tensor that llama.cpp adapts, a rank for each, in
// any format that ggml decodes. For merging and fusing. Not here: the adapter being trained (lora.hpp,
// adapter_file.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml.hpp"

namespace engram {

struct AdapterPair {
  std::string weight;  // the tensor of the model: "blk.3.attn_q.weight"
  int64_t n_in = 0, n_out = 0, rank = 0;
  double scale = 0;         // what llama.cpp multiplies B A with: alpha / rank
  std::vector<float> A, B;  // [rank, n_in], [n_out, rank]
};

struct Adapter {
  std::string architecture;
  std::vector<AdapterPair> pairs;  // in the order of the file

  // Throws `mismatch` for a file that is no LoRA adapter or adapts what cannot be merged (token embeddings, experts),
  // `corrupt`, `unsupported`, `not_found`, `disk`.
  static Adapter read(const std::string& path, const Ggml& ggml);
  // The file is F32, and appears whole or not at all. One alpha serves all: the largest rank times the largest scale; B
  // is stored as it is where alpha / rank is the pair's scale, else multiplied accordingly. Returns that alpha. Throws
  // `disk`.
  double write(const std::string& path) const;
};

}  // namespace engram
