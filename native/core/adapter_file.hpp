// A LoRA adapter as the GGUF file that llama.cpp loads. Not here: PEFT's format (src/training/peft.ts).
#pragma once

#include <string>

#include "lora.hpp"
#include "model_config.hpp"

namespace engram {

// Throws `disk`. The file appears whole or not at all.
void write_adapter(const Lora& lora, const ModelConfig& model, const std::string& path);
// Fills A and B of `lora` from a file of the same architecture, rank, alpha, matrices and layers. Throws `mismatch`,
// `corrupt`, `not_found`, and then leaves `lora` as it was.
void read_adapter(Lora& lora, const ModelConfig& model, const std::string& path);

}  // namespace engram
