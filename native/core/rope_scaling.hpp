// The rotary frequencies that a GGUF asks for, with every scaling llama.cpp reads: none, linear, YaRN (arXiv
// 2309.00071), LongRoPE (arXiv 2402.13753) and Llama 3's factors. Not here: turning (ops/rope.hpp).
#pragma once

#include <cstdint>
#include <string>

#include "gguf.hpp"
#include "ops/rope.hpp"

namespace engram {

struct RopeSettings {
  RopeOrder order;
  int64_t R;                   // dimensions turned
  double theta;                // base of the frequencies
  int64_t n_ctx;               // tokens the model takes
  bool scaled = true;          // false: the scaling is not for these layers
  bool yarn_settings = false;  // YaRN's own settings are read, not its defaults taken
};

// Throws `unsupported` for a scaling that llama.cpp does not know, `corrupt` for one that cannot be. Of LongRoPE's two
// sets of factors it is the one for texts of up to the original context.
Rope read_rope(const GgufFile& file, const std::string& path, const std::string& architecture,
               const RopeSettings& settings);

// Tokens that the frequencies of read_rope() are right for: n_ctx, or the original context under LongRoPE.
int64_t rope_context(const GgufFile& file, const std::string& architecture, int64_t n_ctx);

}  // namespace engram
