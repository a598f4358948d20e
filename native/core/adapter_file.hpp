// A LoRA adapter as the GGUF file that llama.cpp loads. Not here: PEFT's format (src/training/peft.ts).
#pragma once

#include <string>

#include "lora.hpp"
#include "model_config.hpp"

namespace engram {

enum class AdapterType { f32, f16 };

// Throws `disk`, and `unsupported` for values that F16 cannot hold. The file appears whole or not at all.
void write_adapter(const Lora& lora, const ModelConfig& model, const std::string& path,
                   AdapterType type = AdapterType::f32);
// Fills A and B of `lora` from a file, of F32 or F16, of the same architecture, rank, alpha, matrices and layers.
// Throws `mismatch`, `corrupt`, `unsupported` (another type), `not_found`, and then leaves `lora` as it was.
void read_adapter(Lora& lora, const ModelConfig& model, const std::string& path);

}  // namespace engram
