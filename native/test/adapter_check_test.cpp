// Adapters that llama.cpp must never see: not for this model, or not of numbers, each refused with its reason. Not
// here: files that are cut off or garbled (adapter_test.cpp, native/fuzz).
#include "adapter_check.hpp"

#include <cmath>
#include <limits>

#include "check.hpp"
#include "gguf.hpp"
#include "golden.hpp"

using namespace engram;

namespace {

AdaptedModel model() {
  return {"base.gguf", "llama", {{"token_embd.weight", {4, 9}}, {"blk.0.attn_q.weight", {4, 6}}}};
}

struct Pair {
  std::string name = "blk.0.attn_q.weight";
  std::vector<int64_t> a = {4, 2}, b = {2, 6};
  float value = 0.5;  // of B's last
};

std::string check_of(const std::vector<Pair>& pairs, const char* type = "adapter", const char* architecture = "llama",
                     float alpha = 4) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf");
  GgufWriter out;
  out.set("general.type", std::string(type));
  out.set("general.architecture", std::string(architecture));
  out.set("adapter.type", std::string("lora"));
  out.set("adapter.lora.alpha", alpha);
  std::vector<std::vector<float>> values;
  for (const Pair& pair : pairs) {
    for (const std::vector<int64_t>& shape : {pair.a, pair.b}) {
      int64_t size = 1;
      for (const int64_t n : shape) size *= n;
      values.emplace_back(size, 0.25f);
    }
    values.back().back() = pair.value;
  }
  for (size_t i = 0; i < pairs.size(); i++) {
    if (!pairs[i].a.empty()) out.add(pairs[i].name + ".lora_a", pairs[i].a, values[2 * i].data());
    if (!pairs[i].b.empty()) out.add(pairs[i].name + ".lora_b", pairs[i].b, values[2 * i + 1].data());
  }
  out.write(path);
  try {
    check_adapter(path, model());
    return "";
  } catch (const Error& error) {
    return error.code + ": " + error.what();
  }
}

bool says(const std::string& refusal, const std::string& code, const std::string& reason) {
  return refusal.starts_with(code + ":") && refusal.find(reason) != std::string::npos;
}

}  // namespace

TEST(adapter_check_takes_what_fits) {
  CHECK(check_of({{}}).empty());
  CHECK(check_of({{}, {"token_embd.weight", {9, 2}, {2, 4}}}).empty());  // the other way round there
  const AdaptedModel tiny = AdaptedModel::read(golden::fixture("tiny-tied.gguf"));
  CHECK(tiny.architecture == "llama");
  check_adapter(golden::fixture("tiny-tied.adapter.gguf"), tiny);
}

TEST(adapter_check_refuses_what_is_not_for_the_model) {
  CHECK(says(check_of({{}}, "model"), "mismatch", "it is no adapter"));
  CHECK(says(check_of({{}}, "adapter", "qwen3"), "mismatch", "architecture qwen3, and the model is llama"));
  CHECK(says(check_of({}), "mismatch", "it has no tensors"));
  CHECK(says(check_of({{"blk.1.attn_q.weight"}}), "mismatch", "the model has no \"blk.1.attn_q.weight\""));
  CHECK(says(check_of({{"blk.0.attn_q.weight", {4, 2}, {}}}), "mismatch", "has no other half"));
  CHECK(says(check_of({{"blk.0.attn_q.weight", {}, {2, 6}}}), "mismatch", "has no other half"));
  CHECK(says(check_of({{"blk.0.attn_q.weight", {5, 2}, {2, 6}}}), "mismatch", "5 x 2 and 2 x 6"));
  CHECK(says(check_of({{"blk.0.attn_q.weight", {4, 2}, {3, 6}}}), "mismatch", "4 x 2 and 3 x 6"));
  CHECK(says(check_of({{"blk.0.attn_q.weight", {4}, {2, 6}}}), "mismatch", "its halves are 4 and 2 x 6"));
}

TEST(adapter_check_refuses_what_is_no_number) {
  for (const float value : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::quiet_NaN()})
    CHECK(says(check_of({{"blk.0.attn_q.weight", {4, 2}, {2, 6}, value}}), "corrupt",
               "no numbers, in \"blk.0.attn_q.weight.lora_b\""));
  CHECK(check_of({{"blk.0.attn_q.weight", {4, 2}, {2, 6}, std::numeric_limits<float>::max()}}).empty());
  CHECK(says(check_of({{}}, "adapter", "llama", NAN), "corrupt", "adapter.lora.alpha"));
}
