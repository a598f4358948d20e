// What llama.cpp's cache has of one sequence, in the bytes that llama_state_seq_get_data writes: keys and values of
// F16, not transposed, of every layer in one cache. Not here: other caches (sliding windows apart, quantised keys);
// what is not of this form is told, and stays llama.cpp's own matter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "../core/model_config.hpp"
#include "../core/transformer.hpp"

namespace engram {

// Of a context: what llama.cpp knows its own bytes by, how many streams of cells the cache has, and which of them a
// sequence is in.
struct CacheShape {
  uint32_t magic = 0, streams = 1, stream = 0;
};

struct CacheState {
  CacheShape shape;
  Prefix prefix;  // without its tokens, which the cache does not know
};

// Nothing if it is of another form, or of another model.
std::optional<CacheState> read_cache_state(std::span<const uint8_t> bytes, const ModelConfig& model);
// Of the sequence `lane`, at positions from 0 on.
std::vector<uint8_t> write_cache_state(const Prefix& prefix, const CacheShape& shape, int lane,
                                       const ModelConfig& model);

}  // namespace engram
