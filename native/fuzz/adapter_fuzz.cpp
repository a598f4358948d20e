// Fuzzes both readers of adapters over the tiny model of the fixtures: one that is accepted to be trained on must be
// usable, and for llama.cpp too; one that is refused must leave the trainer's own as it was.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "adapter_check.hpp"
#include "error.hpp"
#include "fuzz.hpp"
#include "model.hpp"
#include "trainer.hpp"

namespace {

using namespace engram;

std::shared_ptr<const Model> tiny() {
  static const auto model = Model::load(fuzz::fixture("tiny-tied.gguf"), fuzz::ggml_library(), {});
  return model;
}

LoraConfig config() {
  LoraConfig out;
  out.rank = 2;
  out.alpha = 4;
  out.first_layer = out.last_layer = -1;
  return out;
}

std::vector<std::vector<float>> values(Trainer& trainer) {
  std::vector<std::vector<float>> out;
  for (const Lora::Parameter& p : trainer.lora().parameters()) out.push_back(*p.value);
  return out;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::string path = fuzz::scratch();
  std::vector<std::string> out;
  for (const bool trained : {false, true}) {
    Trainer trainer(tiny(), config(), {}, 1);
    trainer.add({{1, 2, 3}, {0, 1, 1}, {}});
    if (trained) trainer.backward({{0}}), trainer.update();
    trainer.save(path);
    std::ifstream file(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

void fuzz::read(const std::string& path) {
  static const AdaptedModel model = AdaptedModel::read(fuzz::fixture("tiny-tied.gguf"));
  bool is_for_llama = true;
  try {
    check_adapter(path, model);
  } catch (const Error&) {
    is_for_llama = false;
  }
  Trainer trainer(tiny(), config(), {}, 1);
  const auto before = values(trainer);
  try {
    trainer.load(path);
  } catch (...) {
    if (values(trainer) != before) __builtin_trap();
    throw;
  }
  if (!is_for_llama) __builtin_trap();
  trainer.add({{1, 2, 3}, {0, 1, 1}, {}});
  trainer.backward({{0}});
  trainer.update();
}
