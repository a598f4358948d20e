// Every quantisation of ggml: a model of all of them against what the gguf package decodes (scripts/golden/
// quantisations.py), and each one there and back.
#include <dlfcn.h>

#include "ggml.hpp"
#include "golden.hpp"
#include "reference.hpp"

using namespace engram;
using golden::relative_error;

TEST(quantised_tensors_of_every_type_are_what_the_gguf_package_decodes) {
  const golden::Values values("tiny-quantisations");
  const std::vector<float> tokens = values["tokens"];
  Trainer trainer(golden::model("tiny-quantisations"), {}, {}, 2);
  CHECK_NEAR(relative_error(trainer.logits({tokens.begin(), tokens.end()}), values["logits"]), 0, 3e-5);
}

TEST(quantised_tensors_of_every_type_come_back) {
  void* library = dlopen(golden::ggml_library().c_str(), RTLD_NOW);
  using Quantize = size_t (*)(uint32_t type, const float* from, void* to, int64_t start, int64_t rows, int64_t columns,
                              const float* importance);
  const auto quantize = reinterpret_cast<Quantize>(dlsym(library, "ggml_quantize_chunk"));
  const auto name = reinterpret_cast<const char* (*)(uint32_t)>(dlsym(library, "ggml_type_name"));
  const auto is_quantized = reinterpret_cast<bool (*)(uint32_t)>(dlsym(library, "ggml_is_quantized"));
  CHECK(quantize != nullptr && name != nullptr && is_quantized != nullptr);
  const Ggml ggml(golden::ggml_library());
  const int64_t n = 512;
  const std::vector<float> x = reference::random(n, 1), importance(static_cast<size_t>(n), 1.0f);
  int types = 0;
  for (uint32_t id = 0; id < 43; id++) {
    const std::string label = name(id) == nullptr ? "" : name(id);
    if (!is_quantized(id) || label == "q8_1" || label == "q8_K") continue;  // those two are of sums, never of weights
    const Ggml::Type type = ggml.type(id);
    std::vector<uint8_t> bytes(type.bytes(n));
    CHECK(quantize(id, x.data(), bytes.data(), 0, 1, n, importance.data()) == bytes.size());
    std::vector<float> back(static_cast<size_t>(n));
    type.dequantize(bytes.data(), back.data(), n);
    double product = 0, ours = 0, theirs = 0;
    for (int64_t i = 0; i < n; i++) {
      product += double{x[i]} * back[i];
      ours += double{x[i]} * x[i];
      theirs += double{back[i]} * back[i];
    }
    const double cosine = product / std::sqrt(ours * theirs);
    if (!(cosine > 0.8)) check::fail(__FILE__, __LINE__, label + " comes back as something else");  // 1 bit: 0.87
    types++;
  }
  CHECK(types == 25);
}
