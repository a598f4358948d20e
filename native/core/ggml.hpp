// The quantised formats of GGUF, through ggml's own functions, called by name out of the library that also generates:
// every type llama.cpp reads can be trained, and no format is written down twice. Not here: ggml's graphs; nothing else
// is used.
#pragma once

#include <cstdint>
#include <string>

#include "shared_library.hpp"

namespace engram {

class Ggml {
 public:
  explicit Ggml(const std::string& library) : library_(library) {}  // path of libggml-base; throws `native`
  Ggml(const Ggml&) = delete;
  Ggml& operator=(const Ggml&) = delete;

  using Dequantize = void (*)(const void* blocks, float* out, int64_t n);
  struct Type {
    std::string name;        // "q4_1"
    int64_t block_elements;  // values in a block
    int64_t block_bytes;
    Dequantize dequantize;  // n must be a multiple of block_elements
    uint64_t bytes(int64_t n) const { return static_cast<uint64_t>(n / block_elements * block_bytes); }
  };
  // Throws `unsupported` for a type this ggml cannot decode.
  Type type(uint32_t id) const;

  // The id of a type by name ("q8_0"). Throws `usage` if there is none that can be written.
  uint32_t writable(const std::string& name) const;
  // Encodes rows of `width` values, a multiple of the type's block_elements; the values must be finite, for ggml aborts
  // the process where they make no sense. Several threads may do so at once. Throws `unsupported` for a type that takes
  // more than the values (the importance matrix of the smallest types).
  void encode(uint32_t id, const float* values, void* out, int64_t rows, int64_t width) const;

 private:
  SharedLibrary library_;
};

}  // namespace engram
