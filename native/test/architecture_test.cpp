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

TEST(architecture_with_fused_tensors_adapts_single_matrices) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf"), changed = folder.file("changed.gguf");
  const golden::Values values("tiny-phi3");
  LoraConfig config = values.lora();
  config.targets = {Target::k, Target::v, Target::up, Target::down};
  Trainer saved(golden::model("tiny-phi3"), config, {}, 2), loaded(golden::model("tiny-phi3"), config, {}, 2);
  golden::fill(saved.lora(), values);
  saved.save(path);
  loaded.load(path);
  CHECK(golden::weights(loaded) == golden::weights(saved));

  const GgufFile file = GgufFile::open(path);
  const GgufTensor *B = file.find("blk.0.attn_qkv.weight.lora_b"), *up = file.find("blk.0.ffn_up.weight.lora_b");
  CHECK(file.tensors().size() == 2 * 2 * 3 && B != nullptr && up != nullptr);
  CHECK(B->shape == (std::vector<int64_t>{4, 32 + 16 + 16}) && up->shape == (std::vector<int64_t>{2, 28}));
  const std::vector<float> rows = file.floats(*B);
  CHECK(std::all_of(rows.begin(), rows.begin() + 4 * 32, [](float x) { return x == 0; }));  // those of q

  // One A for all matrices, as PEFT has for Phi-3: there is no place for it.
  GgufWriter out;
  for (const char* key : {"general.type", "general.architecture", "adapter.type"}) out.set(key, file.string(key));
  out.set("adapter.lora.alpha", static_cast<float>(file.number("adapter.lora.alpha")));
  std::vector<std::vector<float>> kept;
  for (const GgufTensor& tensor : file.tensors()) kept.push_back(file.floats(tensor));
  for (size_t i = 0; i < kept.size(); i++) {
    if (file.tensors()[i].name == B->name) kept[i][0] = 1;
    out.add(file.tensors()[i].name, file.tensors()[i].shape, kept[i].data());
  }
  out.write(changed);
  CHECK_THROWS_CODE(loaded.load(changed), "mismatch");
  CHECK(golden::weights(loaded) == golden::weights(saved));
}

TEST(architecture_headers_are_read) {
  const ModelConfig &gemma2 = golden::model("tiny-gemma2")->config, &gemma3 = golden::model("tiny-gemma3")->config;
  CHECK(gemma2.layers[0].window == 5 && gemma2.layers[1].window == 0);
  CHECK(gemma2.attention_cap == 1.5f && gemma2.logit_cap == 2.5f && gemma2.sandwich_norms && gemma2.gelu);
  CHECK(gemma3.layers[0].window == 6 && gemma3.layers[1].window == 0 && gemma3.attention_cap == 0);
  CHECK_NEAR(gemma3.rope.frequencies[0], 1.0 / 8, 1e-9);  // scaled where everything is seen
  CHECK_NEAR(gemma3.local_rope.frequencies[0], 1, 1e-9);
  const auto& layers = golden::model("tiny-smollm3")->config.layers;
  CHECK(layers[0].turned && layers[1].turned && layers[2].turned && !layers[3].turned);
  CHECK(golden::model("tiny-qwen2")->layers[0].qkv.bias.size() == 48 &&
        golden::model("tiny-qwen2")->layers[0].o.bias.empty());

  // What the frequencies are right for: LongRoPE's short factors, positions before Mistral's temperature begins.
  CHECK(golden::model("tiny-phi3")->config.n_ctx == 256 && golden::model("tiny-mistral3")->config.n_ctx == 32);
  Trainer trainer(golden::model("tiny-mistral3"), {}, {}, 1);
  CHECK_THROWS_CODE(trainer.add({std::vector<int32_t>(33, 7), std::vector<float>(33, 1), {}}), "too_long");
}

TEST(architecture_that_cannot_be_trained_is_refused) {
  golden::TemporaryFolder folder;
  const auto refuses = [&](const std::string& model, const std::string& from, const std::string& to, const char* code) {
    std::string bytes = golden::read_file(golden::fixture(model + ".gguf"));
    const size_t at = bytes.find(from);
    CHECK(at != std::string::npos && from.size() == to.size());
    bytes.replace(at, from.size(), to);
    golden::write_file(folder.file("changed.gguf"), bytes);
    CHECK_THROWS_CODE(golden::load_model(folder.file("changed.gguf")), code);
  };
  refuses("tiny-tied", "llama", "mamba", "unsupported");
  refuses("tiny-biased", "yarn", "ntkx", "unsupported");  // a scaling of the RoPE
  refuses("tiny-qwen3", "blk.1.attn_q_norm", "blk.1.attn_x_norm", "corrupt");
  refuses("tiny-gemma3", "post_ffw_norm", "post_ffn_norm", "corrupt");
  refuses("tiny-smollm3", std::string("block_count\x04\0\0\0\x04", 16), std::string("block_count\x04\0\0\0\xff", 16),
          "corrupt");
  refuses("tiny-gemma2", std::string("sliding_window\x04\0\0\0\x05\0\0\0", 22),
          std::string("sliding_window\x05\0\0\0\xff\xff\xff\xff", 22), "corrupt");  // -1
}
