// The forward and backward pass against PyTorch and PEFT (scripts/golden/tiny_llama.py): logits, losses and the
// gradient of every A and B, in f32 to rounding and in bytes within bounds, over a tied, an untied and a quantised
// model. Errors are relative to the largest value of a tensor, those of bytes to the length of the whole gradient.
#include "golden.hpp"

#include <cstdio>
#include <cstdlib>

#include "gemm/int8.hpp"

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

// What bytes cost the gradient: the cosine with PyTorch's and the length of the difference over its length, all A and B
// of an adapter taken as one vector.
struct Closeness {
  double cosine, error;
};
Closeness closeness_of_bytes(const std::string& model, const std::string& name) {
  LoadOptions options;
  options.precision = Precision::int8;
  const auto loaded = Model::load(golden::fixture(model + ".gguf"), golden::ggml_library(), options);
  const golden::Values values(model);
  Trainer trainer(loaded, values.lora(), {}, 2);
  golden::fill_with_examples(trainer, values);
  trainer.backward(golden::batch(values, name));
  double both = 0, ours = 0, theirs = 0, apart = 0;
  const auto add = [&](const std::vector<float>& found, const std::vector<float>& expected) {
    CHECK(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); i++) {
      const double a = found[i], b = expected[i];
      both += a * b, ours += a * a, theirs += b * b, apart += (a - b) * (a - b);
    }
  };
  for (int layer = 0; layer < trainer.lora().layers(); layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = trainer.lora().at(layer, static_cast<Target>(t));
      add(pair.dA, values[golden::tensor_name(name, layer, t, 'a')]);
      add(pair.dB, values[golden::tensor_name(name, layer, t, 'b')]);
    }
  }
  return {both / std::sqrt(ours * theirs), std::sqrt(apart / theirs)};
}

}  // namespace

// Measured at worst over these cases: with weights of 8 bits 0.9936 and 0.113, with the 7 that AVX2 alone has 0.9868
// and 0.162. ENGRAM_TEST_SHOW=1 prints them.
TEST(golden_gradients_in_bytes_point_the_same_way) {
  const bool has_whole_bytes = kernels::int8_table(best_isa()).most == 127;
  const double least_cosine = has_whole_bytes ? 0.99 : 0.98, most_error = has_whole_bytes ? 0.15 : 0.2;
  for (const std::string model : kModels) {
    for (const char* name : {"ce", "kl", "batch", "prefix", "late", "long"}) {
      const Closeness found = closeness_of_bytes(model, name);
      if (std::getenv("ENGRAM_TEST_SHOW") != nullptr)
        std::printf("%s %s: cosine %.5f, error %.4f\n", model.c_str(), name, found.cosine, found.error);
      CHECK(found.cosine > least_cosine && found.error < most_error);
    }
  }
}

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
