// Reads prompts with the kernels and the packed weights of the training step, where these are several times as fast as
// llama.cpp's: keys and values of every layer, from which llama.cpp goes on. Not here: how they come into its cache
// (cache_state.hpp), and which tokens of a prompt are read (engine.cpp).
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "../core/model.hpp"
#include "../core/threads.hpp"
#include "../core/transformer.hpp"

namespace engram {

class PromptReader {
 public:
  // read() gives up soon after `stop` became true.
  PromptReader(std::shared_ptr<const Model> weights, int threads, const std::atomic<bool>& stop);

  const ModelConfig& config() const { return weights_->config; }
  // Appends what the model computes of the tokens that follow, as one batch, rounded to what the cache holds (F16): so
  // it is the same whether what comes before was read just now or comes from the cache. Throws `cancelled`; then
  // nothing has changed.
  void read(Prefix& held, std::span<const int32_t> tokens);

 private:
  std::shared_ptr<const Model> weights_;
  ThreadPool pool_;
  Transformer transformer_;
};

}  // namespace engram
