// Vectors of texts from a model that generates: what its last layer makes of their tokens, pooled, of length 1.
// Computed in a context of its own that lives as long as the call. Not here: texts, models that only embed
// (src/embedding).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "language_model.hpp"

namespace engram {

// Of models made to embed, the file says which; mean for all others.
enum class Pooling { mean, first, last };

struct EmbeddingOptions {
  Pooling pooling = Pooling::mean;
  int threads = 1;
  std::function<void(size_t)> on_text;  // after each text, with how many are done
};

// One vector for each text, which has at least one token. Throws `cancelled` soon after `stop` became true, `memory`,
// `native`.
std::vector<std::vector<float>> embed(const LanguageModel& model, std::span<const std::vector<Token>> texts,
                                      const EmbeddingOptions& options, const std::atomic<bool>& stop);

}  // namespace engram
