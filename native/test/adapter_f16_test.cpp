// Adapters stored as F16: half as large, read as what they hold, refused where they hold no numbers. That llama.cpp
// reads them is in own_context_test.cpp.
#include <filesystem>
#include <utility>

#include "check.hpp"
#include "golden.hpp"

using namespace engram;
using golden::read_file;
using golden::write_file;

namespace {

std::unique_ptr<Trainer> empty_trainer(const std::string& model, const golden::Values& values) {
  LoraConfig config = values.lora();
  config.seed = 99;
  return std::make_unique<Trainer>(golden::model(model), config, OptimizerConfig{}, 2);
}

}  // namespace

TEST(adapter_of_f16_comes_back_rounded) {
  const golden::TemporaryFolder folder;
  const std::string whole = folder.file("f32.gguf"), half = folder.file("f16.gguf"), again = folder.file("again.gguf");
  for (const char* model : {"tiny-tied", "tiny-phi3"}) {  // of the latter several matrices lie in one tensor
    const golden::Values values(model);
    const auto saved = golden::trainer(model, values), loaded = empty_trainer(model, values);
    saved->save(whole);
    saved->save(half, AdapterType::f16);
    const auto size = [](const std::string& path) { return static_cast<double>(std::filesystem::file_size(path)); };
    CHECK(size(half) < 0.75 * size(whole));  // the header is as long
    loaded->load(half);
    const auto expected = golden::weights(*saved), got = golden::weights(*loaded);
    CHECK(got != expected);
    for (size_t i = 0; i < got.size(); i++) CHECK_NEAR(golden::relative_error(got[i], expected[i]), 0, 1.0 / 2048);
    // Nothing more is lost by writing it again, in either type.
    loaded->save(again, AdapterType::f16);
    CHECK(read_file(again) == read_file(half));
    loaded->save(again);
    saved->load(again);
    CHECK(golden::weights(*saved) == got);
  }
}

TEST(adapter_of_f16_holds_numbers_only) {
  const golden::TemporaryFolder folder;
  const std::string path = folder.file("adapter.gguf");
  const golden::Values values("tiny-tied");
  const auto trainer = golden::trainer("tiny-tied", values);
  trainer->save(path, AdapterType::f16);
  const std::string sound = read_file(path);
  for (const float bad : {65520.0f, -1e9f, static_cast<float>(NAN)}) {
    const float before = std::exchange(trainer->lora().at(1, Target::k).A[3], bad);
    CHECK_THROWS_CODE(trainer->save(path, AdapterType::f16), "unsupported");
    trainer->lora().at(1, Target::k).A[3] = before;
  }
  CHECK(read_file(path) == sound);

  const auto before = golden::weights(*trainer);
  std::string broken = sound;
  broken.replace(broken.size() - 64, 2, "\x00\x7c", 2);  // infinity
  write_file(path, broken);
  CHECK_THROWS_CODE(trainer->load(path), "corrupt");
  write_file(path, sound.substr(0, sound.size() - 64));
  CHECK_THROWS_CODE(trainer->load(path), "corrupt");
  CHECK(golden::weights(*trainer) == before);
}
