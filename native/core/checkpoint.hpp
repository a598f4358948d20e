// What a training needs beside its adapter to go on, bit for bit, as if it had never stopped: the optimizer's moments
// and two counters, as a GGUF of our own. Not here: the adapter (adapter_file.hpp), the order of the data and the
// schedule (src/training).
#pragma once

#include <cstdint>
#include <string>

#include "lora.hpp"
#include "optimizer.hpp"

namespace engram {

struct TrainingState {
  Optimizer::State optimizer;
  uint64_t passes = 0;  // passes that were trained on so far: which dropout mask comes next
};

// Throws `disk`. The file appears whole or not at all.
void write_training_state(const TrainingState& state, const OptimizerConfig& config, Lora& lora,
                          const std::string& path);
// Throws `mismatch` (of another optimizer, or for an adapter of another shape), `corrupt`, `not_found`, `disk`.
TrainingState read_training_state(const OptimizerConfig& config, Lora& lora, const std::string& path);

}  // namespace engram
