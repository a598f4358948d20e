// The forward and backward pass against PyTorch and PEFT (scripts/golden/tiny_llama.py): logits, losses and the
// gradient of every A and B, in f32, over a tied, an untied and a quantised model. Errors are relative to the largest
// value of a tensor.
#include "golden.hpp"

using namespace engram;
using golden::relative_error;

namespace {

constexpr const char* kModels[] = {"tiny-tied", "tiny-untied", "tiny-quantised"};
constexpr double kTolerance = 3e-5;  // asked: 1e-4; measured: 6e-6

void check_case(const std::string& model, const std::string& name) {
  const golden::Values values(model);
  const auto trainer = golden::trainer(model, values);
  const BatchLoss loss = trainer->backward(golden::batch(values, name));

  std::vector<double> sum_loss, sum_kl;
  for (const ExampleLoss& e : loss.examples) {
    sum_loss.push_back(e.sum_loss);
    sum_kl.push_back(e.sum_kl);
  }
  CHECK_NEAR(relative_error(sum_loss, values[name + ".sum_loss"]), 0, kTolerance);
  CHECK_NEAR(relative_error(sum_kl, values[name + ".sum_kl"]), 0, kTolerance);
  for (int layer = 0; layer < trainer->lora().layers(); layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = trainer->lora().at(layer, static_cast<Target>(t));
      CHECK_NEAR(relative_error(pair.dA, values[golden::tensor_name(name, layer, t, 'a')]), 0, kTolerance);
      CHECK_NEAR(relative_error(pair.dB, values[golden::tensor_name(name, layer, t, 'b')]), 0, kTolerance);
    }
  }
}

}  // namespace

TEST(golden_logits) {
  for (const std::string model : kModels) {
    const golden::Values values(model);
    Trainer base(golden::model(model), values.lora(), {}, 2);  // B is zero
    const auto adapted = golden::trainer(model, values);
    for (int i : {0, 1}) {
      const std::string prefix = "example." + std::to_string(i);
      CHECK_NEAR(relative_error(base.logits(values.tokens(i)), values[prefix + ".base_logits"]), 0, kTolerance);
      CHECK_NEAR(relative_error(adapted->logits(values.tokens(i)), values[prefix + ".adapted_logits"]), 0, kTolerance);
    }
  }
}

TEST(golden_cross_entropy) {
  for (const char* model : kModels) check_case(model, "ce");
}

TEST(golden_kl) {
  for (const char* model : kModels) check_case(model, "kl");
}

TEST(golden_batch_of_several_lengths_and_scales) {
  for (const char* model : kModels) check_case(model, "batch");
}

TEST(golden_batch_with_a_shared_beginning) {
  for (const char* model : kModels) check_case(model, "prefix");
}

TEST(golden_adapter_that_works_from_a_token_on) {
  for (const char* model : kModels) check_case(model, "late");
}

TEST(golden_long_sequence) {
  for (const char* model : kModels) check_case(model, "long");
}
