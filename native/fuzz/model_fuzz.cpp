// Fuzzes the model loader, through ggml's dequantisers of every type, and then trains a step on what it accepted: a
// model that loads must not crash the trainer either.
#include <algorithm>

#include "error.hpp"
#include "fuzz.hpp"
#include "ggml.hpp"
#include "model.hpp"
#include "random.hpp"
#include "seeds.hpp"
#include "trainer.hpp"

namespace {

using namespace engram;

constexpr uint64_t kModel = 256, kHead = 8, kForward = 32, kVocabulary = 6;
constexpr uint32_t kTypes = 43;  // GGML_TYPE_COUNT of the pinned node-llama-cpp

// Blocks of a quantised type: small numbers for scales and noise for the rest. All formats keep their scales as half
// floats or as exponents; bytes below 0x20 are small in each.
std::string blocks(const Ggml::Type& type, int64_t values, uint64_t seed) {
  std::string out(type.bytes(values), '\0');
  for (size_t i = 0; i < out.size(); i++) out[i] = static_cast<char>(mix64(seed + i) & 0x1f);
  return out;
}

std::string floats(int64_t values, uint64_t seed) {
  std::string out(static_cast<size_t>(values) * sizeof(float), '\0');
  for (int64_t i = 0; i < values; i++) {
    const float value = static_cast<float>(uniform_at(seed, static_cast<uint64_t>(i)) - 0.5);
    std::memcpy(&out[static_cast<size_t>(i) * sizeof value], &value, sizeof value);
  }
  return out;
}

// One layer, whose matrices of 256 columns have the given type.
std::string model_of(uint32_t id, const Ggml::Type& type, const std::string& architecture) {
  fuzz::Gguf file;
  const auto key = [&](const char* rest) { return architecture + "." + rest; };
  file.set("general.architecture", architecture).set(key("block_count"), 1u);
  file.set(key("embedding_length"), uint32_t{kModel}).set(key("feed_forward_length"), uint32_t{kForward});
  file.set(key("attention.head_count"), 1u).set(key("attention.key_length"), uint32_t{kHead});
  file.set(key("attention.value_length"), uint32_t{kHead}).set(key("rope.dimension_count"), uint32_t{kHead});
  file.set(key("context_length"), 16u).set(key("attention.layer_norm_rms_epsilon"), 1e-5f);
  file.set(key("attention.sliding_window"), 4u);
  file.set("tokenizer.ggml.tokens", std::vector<std::string>(kVocabulary, "word"));
  uint64_t seed = id;
  const auto typed = [&](const std::string& name, uint64_t rows) {
    file.add(name + ".weight", {kModel, rows}, id, blocks(type, static_cast<int64_t>(kModel * rows), seed++));
  };
  const auto plain = [&](const std::string& name, const std::vector<uint64_t>& shape) {
    int64_t values = 1;
    for (const uint64_t n : shape) values *= static_cast<int64_t>(n);
    file.add(name, shape, 0, floats(values, seed++));
  };
  const std::string block = "blk.0.";
  typed("token_embd", kVocabulary);
  plain("output_norm.weight", {kModel});
  for (const char* name : {"attn_norm", "ffn_norm"}) plain(block + name + ".weight", {kModel});
  if (architecture == "gemma3") {
    for (const char* name : {"post_attention_norm", "post_ffw_norm"}) plain(block + name + ".weight", {kModel});
    for (const char* name : {"attn_q_norm", "attn_k_norm"}) plain(block + name + ".weight", {kHead});
  }
  if (architecture == "phi3") {
    typed(block + "attn_qkv", 3 * kHead);
    typed(block + "ffn_up", 2 * kForward);
  } else {
    for (const char* name : {"attn_q", "attn_k", "attn_v"}) {
      typed(block + name, kHead);
      if (architecture == "qwen2") plain(block + name + ".bias", {kHead});
    }
    for (const char* name : {"ffn_gate", "ffn_up"}) typed(block + name, kForward);
  }
  plain(block + "attn_output.weight", {kHead, kModel});
  plain(block + "ffn_down.weight", {kForward, kModel});
  return file.bytes();
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const Ggml ggml(fuzz::ggml_library());
  std::vector<std::string> out;
  for (uint32_t id = 0; id < kTypes; id++) {
    try {
      const Ggml::Type type = ggml.type(id);
      if (kModel % static_cast<uint64_t>(type.block_elements) == 0) out.push_back(model_of(id, type, "llama"));
    } catch (const Error&) {  // a type that was never for files
    }
  }
  for (const char* architecture : {"gemma3", "phi3", "qwen2"}) out.push_back(model_of(0, ggml.type(0), architecture));
  return out;
}

void fuzz::read(const std::string& path) {
  LoadOptions options;
  options.precision = Precision::f32;
  const auto model = Model::load(path, fuzz::ggml_library(), options);
  LoraConfig lora;
  lora.rank = 2;
  Trainer trainer(model, lora, {}, 1);
  const auto token = [&](int64_t i) { return static_cast<int32_t>(i % model->config.n_vocab); };
  const int64_t n = std::min<int64_t>(5, model->config.n_ctx);
  if (n < 2) return;
  Example example;
  for (int64_t i = 0; i < n; i++) example.tokens.push_back(token(i)), example.weights.push_back(1);
  trainer.add(example);
  example.tokens.back() = token(n + 1);
  example.kl_weights = example.weights;
  trainer.add(example);
  trainer.backward({{0, 0.5f, 0}, {1, 0.5f, 0.1f}});
  trainer.update();
  trainer.evaluate({{1}});
}
