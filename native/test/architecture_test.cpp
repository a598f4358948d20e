// Every architecture that can be trained against transformers and autograd (scripts/golden/architectures.py): logits,
// losses and the gradient of every A and B, with and without a shared beginning; its adapter file; and what is refused.
// Errors are relative to the largest value of a tensor.
#include <filesystem>

#include "adapter_file.hpp"
#include "golden.hpp"
#include "rope_scaling.hpp"

using namespace engram;
using golden::relative_error;

namespace {

constexpr const char* kModels[] = {"tiny-biased", "tiny-mistral3", "tiny-smollm3", "tiny-qwen2",
                                   "tiny-qwen3",  "tiny-gemma2",   "tiny-gemma3",  "tiny-phi3"};
constexpr double kTolerance = 5e-5;  // asked: 1e-4

void check_gradients(const char* model, Trainer& trainer, const golden::Values& values) {
  for (int layer = 0; layer < trainer.lora().layers(); layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = trainer.lora().at(layer, static_cast<Target>(t));
      const double a = relative_error(pair.dA, values[golden::tensor_name("prefix", layer, t, 'a')]);
      const double b = relative_error(pair.dB, values[golden::tensor_name("prefix", layer, t, 'b')]);
      if (!(std::max(a, b) <= kTolerance)) {
        check::fail(__FILE__, __LINE__,
                    std::string(model) + " layer " + std::to_string(layer) + " " + target_name(static_cast<Target>(t)) +
                        ": " + std::to_string(a) + " " + std::to_string(b));
      }
    }
  }
}

}  // namespace

TEST(architecture_logits) {
  for (const char* name : kModels) {
    const golden::Values values(name);
    Trainer base(golden::model(name), values.lora(), {}, 2);  // B is zero
    const auto adapted = golden::trainer(name, values);
    const double before = relative_error(base.logits(values.tokens(0)), values["example.0.base_logits"]);
    const double after = relative_error(adapted->logits(values.tokens(0)), values["example.0.adapted_logits"]);
    if (!(std::max(before, after) <= kTolerance))
      check::fail(__FILE__, __LINE__, std::string(name) + ": " + std::to_string(before) + " " + std::to_string(after));
  }
}

TEST(architecture_losses_and_gradients) {
  for (const char* name : kModels) {
    const golden::Values values(name);
    const std::vector<BatchItem> batch = golden::batch(values, "prefix");
    const auto together = golden::trainer(name, values), alone = golden::trainer(name, values);
    const BatchLoss loss = together->backward(batch);
    std::vector<double> sum_loss, sum_kl;
    for (const ExampleLoss& e : loss.examples) {
      sum_loss.push_back(e.sum_loss);
      sum_kl.push_back(e.sum_kl);
    }
    CHECK_NEAR(relative_error(sum_loss, values["prefix.sum_loss"]), 0, kTolerance);
    CHECK_NEAR(relative_error(sum_kl, values["prefix.sum_kl"]), 0, kTolerance);
    check_gradients(name, *together, values);

    int64_t rows = 0;
    for (const BatchItem& item : batch) rows += alone->backward({item}).computed_tokens;
    CHECK(loss.computed_tokens < rows);  // the beginning was shared
    check_gradients(name, *alone, values);
  }
}

TEST(architecture_adapters_come_back_as_they_were) {
  for (const char* name : kModels) {
    const golden::Values values(name);
    golden::TemporaryFolder folder;
    const auto saved = golden::trainer(name, values);
    saved->save(folder.file("adapter.gguf"));
    Trainer loaded(golden::model(name), values.lora(), {}, 2);
    loaded.load(folder.file("adapter.gguf"));
    CHECK(golden::weights(loaded) == golden::weights(*saved));
  }
}
