// The estimate of what a training takes. That a training keeps to it is tested with the trainer.
#include "memory.hpp"

#include "check.hpp"

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
  const MemoryNeed need = memory_need(absurd_model(), 1e18, lora, int64_t{1} << 31);
  CHECK(need.adapter > 1e18 && need.work > 1e18 && need.whole > need.input);
  CHECK(need.least() > 1e24 && need.most() > need.least());
  CHECK(need.kept_layers(1e12) == -1);
  const int64_t some = need.kept_layers((need.least() + need.most()) / 2);
  CHECK(some > 0 && some < need.layers);
}
