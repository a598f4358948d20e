// The pairs of tensors in a LoRA adapter's file, and their values: what all who read such files begin with. adapter.cpp
// takes any, adapter_file.cpp those of a training, adapter_check.cpp only judges. Not here: which model they fit.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "error.hpp"
#include "ggml.hpp"
#include "gguf.hpp"

namespace engram {

struct AdapterPairs {
  struct Pair {
    std::string weight;  // the tensor of the model: "blk.3.attn_q.weight"
    const GgufTensor *a, *b;
  };
  std::string architecture;  // empty where the file names none
  double alpha = 0;          // as stored, so it may be no number; 0: the scale is 1
  std::vector<Pair> pairs;   // in the order of A, at least one

  // Throws what `mismatch` makes of the reason why a file is no LoRA adapter.
  static AdapterPairs of(const GgufFile& file, const std::function<Error(const std::string& reason)>& mismatch);
};

// Decodes a tensor: F32 and F16, with `ggml`, which may be null, any. Throws `corrupt` also for what is no finite
// number, `unsupported`. `path` is of the file, for people.
std::vector<float> finite_values(const GgufFile& file, const GgufTensor& tensor, const std::string& path,
                                 const Ggml* ggml);

}  // namespace engram
