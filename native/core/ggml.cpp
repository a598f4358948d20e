// Finds ggml's dequantisers by name (see ggml.hpp).
#include "ggml.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "error.hpp"

namespace engram {
namespace {

// GGML_TYPE_COUNT of the pinned node-llama-cpp, to be raised with it: ggml reads past its table for an id it does not
// know, and tells nobody how many it knows.
constexpr uint32_t kFirstUnknown = 43;

// What ggml encodes from values alone.
constexpr const char* kWritable[] = {"f32",  "f16",  "bf16", "q8_0", "q6_K", "q5_K",   "q4_K",  "q3_K",
                                     "q2_K", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl", "iq4_xs"};

void copy_f32(const void* in, float* out, int64_t n) { std::memcpy(out, in, static_cast<size_t>(n) * sizeof(float)); }

}  // namespace

Ggml::Type Ggml::type(uint32_t id) const {
  const auto type_name = library_.find<const char* (*)(uint32_t)>("ggml_type_name");
  const auto block_elements = library_.find<int64_t (*)(uint32_t)>("ggml_blck_size");
  const auto block_bytes = library_.find<size_t (*)(uint32_t)>("ggml_type_size");
  if (type_name == nullptr || block_elements == nullptr || block_bytes == nullptr) {
    throw Error("native", "The ggml library lacks functions that engram needs.", "Install the dependencies again.");
  }
  const char* name = id < kFirstUnknown ? type_name(id) : nullptr;
  Type out{name == nullptr ? "" : name, 0, 0, nullptr};
  if (out.name == "f32") {
    out.dequantize = copy_f32;
  } else if (out.name == "f16") {
    out.dequantize = library_.find<Dequantize>("ggml_fp16_to_fp32_row");
  } else if (out.name == "bf16") {
    out.dequantize = library_.find<Dequantize>("ggml_bf16_to_fp32_row");
  } else if (!out.name.empty()) {
    out.dequantize = library_.find<Dequantize>("dequantize_row_" + out.name);
  }
  if (out.dequantize == nullptr) {
    throw Error("unsupported",
                "Tensors of type " + (out.name.empty() ? std::to_string(id) : out.name) + " cannot be read.");
  }
  out.block_elements = block_elements(id);
  out.block_bytes = static_cast<int64_t>(block_bytes(id));
  if (out.block_elements < 1 || out.block_bytes < 1)
    throw Error("unsupported", "Tensors of type " + out.name + " cannot be read.");
  return out;
}

uint32_t Ggml::writable(const std::string& name) const {
  const auto same = [&](const char* other) {
    return std::equal(name.begin(), name.end(), other, other + std::strlen(other),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  std::string all;
  for (const char* known : kWritable) {
    all += std::string(all.empty() ? "" : ", ") + known;
    if (!same(known)) continue;
    for (uint32_t id = 0; id < kFirstUnknown; id++) {
      const auto type_name = library_.find<const char* (*)(uint32_t)>("ggml_type_name");
      const char* found = type_name == nullptr ? nullptr : type_name(id);
      if (found != nullptr && same(found)) return id;
    }
  }
  throw Error("usage", "No tensor can be written as " + name + ".", "As these it can: " + all + ".");
}

void Ggml::encode(uint32_t id, const float* values, void* out, int64_t rows, int64_t width) const {
  const std::string name = type(id).name;
  const auto quantize =
      library_.find<size_t (*)(uint32_t, const float*, void*, int64_t, int64_t, int64_t, const float*)>(
          "ggml_quantize_chunk");
  const bool is_known =
      std::any_of(std::begin(kWritable), std::end(kWritable), [&](const char* k) { return name == k; });
  if (!is_known || quantize == nullptr) throw Error("unsupported", "Tensors of type " + name + " cannot be written.");
  quantize(id, values, out, 0, rows, width, nullptr);
}

}  // namespace engram
