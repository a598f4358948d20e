// The estimate of what a training takes. That a training keeps to it is tested with the trainer.
#include "memory.hpp"

#include <atomic>
#include <cstdio>

#include "batch.hpp"
#include "check.hpp"
#include "golden.hpp"
#include "transformer.hpp"

using namespace engram;

namespace {

// As large as a header can claim: nothing of it need be true.
ModelConfig absurd_model() {
  const int64_t most = int64_t{1} << 24;
  ModelConfig c;
  c.n_layers = c.d_model = c.d_ff = c.n_heads = c.n_kv_heads = c.head_dim = c.n_vocab = most;
  return c;
}

}  // namespace

TEST(memory_estimate_of_an_absurd_header_is_huge_and_never_negative) {
  LoraConfig lora;
  lora.rank = 1024;
  lora.first_layer = 0, lora.last_layer = 99;
  const MemoryNeed need = memory_need(absurd_model(), 1e18, lora, {.tokens = int64_t{1} << 31});
  CHECK(need.adapter > 1e18 && need.work > 1e18 && need.whole > need.input);
  CHECK(need.least() > 1e24 && need.most() > need.least());
  CHECK(need.kept_layers(1e12) == -1);
  const int64_t some = need.kept_layers((need.least() + need.most()) / 2);
  CHECK(some > 0 && some < need.layers);
}

// The buffers of real passes, forward and backward, beside what was counted for them.
TEST(memory_of_a_batch_is_what_its_passes_take) {
  const auto model = golden::model("tiny-tied");
  const ModelConfig& c = model->config;
  LoraConfig config;
  config.rank = 4;
  const std::atomic<bool> never{false};
  ThreadPool pool(2);
  struct Case {
    int examples, before, own;
    bool is_context, is_one;  // what comes before is a context, the same for all
  };
  for (const auto& [count, before, own, is_context, is_one] :
       {Case{1, 0, 40, false, true}, Case{16, 100, 8, false, true}, Case{16, 100, 8, true, true},
        Case{16, 100, 8, true, false}, Case{3, 1, 200, true, false}}) {
    std::vector<StoredExample> stored;
    const auto context = [&] {
      auto out = std::make_shared<Prefix>();
      out->tokens.assign(static_cast<size_t>(before), 7);
      out->layers.resize(static_cast<size_t>(c.n_layers));
      for (auto& layer : out->layers) layer.resize(static_cast<size_t>(before * 2 * c.n_kv_heads * c.head_dim));
      return out;
    };
    const std::shared_ptr<const Prefix> same = context();
    for (int i = 0; i < count; i++) {
      Example example;
      example.tokens.assign(static_cast<size_t>(before), 7);
      for (int t = 0; t <= own; t++) example.tokens.push_back(20 + i);
      example.weights.assign(example.tokens.size(), 0);
      example.weights.back() = 1;
      example.adapted_from = is_context ? before : 0;
      stored.push_back({std::move(example), is_context ? (is_one ? same : context()) : nullptr, {}, {}});
    }
    std::vector<const StoredExample*> examples;
    for (const StoredExample& example : stored) examples.push_back(&example);
    const Layout layout = lay_out(examples);
    const BatchSize size = size_of(layout.rows);
    CHECK(size.contexts == (!is_context ? 0 : is_one ? before : count * before));
    CHECK(size.shared == (is_context || count == 1 ? 0 : count * before));

    Lora lora(config, model->shapes());
    Transformer transformer(*model, &lora, pool, never);
    Floats x(static_cast<size_t>(size.tokens * c.d_model)), dx(x.size(), 1e-3f);
    transformer.embed(layout.rows, x.data());
    for (const int64_t keep : {int64_t{0}, int64_t{1}, c.n_layers}) {
      Transformer passes(*model, &lora, pool, never);
      Floats at = x, gradient = dx;
      passes.forward(layout.rows, 0, at.data(), {}, keep);
      passes.backward(layout.rows, 0, gradient.data(), {});
      const MemoryNeed need = memory_need(c, 0, lora.config(), size);
      const double counted = need.work + (keep < c.n_layers ? need.whole : 0) + static_cast<double>(keep) * need.whole +
                             static_cast<double>(c.n_layers - keep) * need.input;
      const auto taken = static_cast<double>(passes.bytes());
      if (taken > counted || taken < 0.5 * counted)
        std::fprintf(stderr, "%d of %d + %d, keep %d: %.0f counted, %.0f taken\n", count, before, own,
                     static_cast<int>(keep), counted, taken);
      CHECK(taken <= counted && taken >= 0.5 * counted);
    }
  }
}
