// What the tests of the trainer share: the tiny model of golden.hpp with its adapter and examples. Not here: tests.
#pragma once

#include "golden.hpp"

namespace tiny {

constexpr const char* kModel = "tiny-tied";
constexpr int kLayers = 3;

inline const golden::Values& values() {
  static const golden::Values loaded(kModel);
  return loaded;
}

inline engram::LoraConfig lora_config() { return values().lora(); }

inline std::unique_ptr<engram::Trainer> golden_trainer(int threads = 2, const engram::OptimizerConfig& optimizer = {}) {
  return golden::trainer(kModel, values(), threads, optimizer);
}

// Like golden_trainer(), with other LoRA options, and within `limit` bytes (0: no limit).
inline std::unique_ptr<engram::Trainer> trainer_with(const engram::LoraConfig& config, int64_t limit = 0) {
  auto out = std::make_unique<engram::Trainer>(golden::model(kModel), config, engram::OptimizerConfig{}, 2, limit);
  golden::fill_with_examples(*out, values());
  return out;
}

// The loss that a backward pass over `batch` differentiates.
inline double total(const engram::BatchLoss& loss, const std::vector<engram::BatchItem>& batch) {
  double sum = 0;
  for (size_t i = 0; i < batch.size(); i++)
    sum += batch[i].scale * loss.examples[i].sum_loss + batch[i].kl_scale * loss.examples[i].sum_kl;
  return sum;
}

inline std::vector<engram::BatchItem> mixed_batch() { return golden::batch(values(), "batch"); }

inline bool all_zero(const std::vector<std::vector<float>>& tensors) {
  for (const std::vector<float>& tensor : tensors) {
    for (const float x : tensor) {
      if (x != 0) return false;
    }
  }
  return true;
}

}  // namespace tiny
