// Fuzzes the reader of training states over the tiny model of the fixtures; a state that is accepted must be usable,
// one that is refused must leave the trainer going on as it was.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "error.hpp"
#include "fuzz.hpp"
#include "model.hpp"
#include "trainer.hpp"

namespace {

using namespace engram;

// One step further than new, so that there are moments to lose.
std::unique_ptr<Trainer> trained() {
  static const auto model = Model::load(fuzz::fixture("tiny-tied.gguf"), fuzz::ggml_library(), {});
  LoraConfig lora;
  lora.rank = 2;
  lora.alpha = 4;
  lora.first_layer = lora.last_layer = -1;
  auto out = std::make_unique<Trainer>(model, lora, OptimizerConfig{}, 1);
  out->add({{1, 2, 3}, {0, 1, 1}, {}});
  out->backward({{0}});
  out->update();
  return out;
}

std::string state_of(const Trainer& trainer) {
  const std::string path = fuzz::scratch() + ".state";
  trainer.save_state(path);
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::remove(path.c_str());
  return bytes;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const auto trainer = trained();
  std::vector<std::string> out = {state_of(*trainer)};
  trainer->backward({{0}});
  trainer->update();
  out.push_back(state_of(*trainer));
  return out;
}

void fuzz::read(const std::string& path) {
  const auto trainer = trained();
  try {
    trainer->load_state(path);
  } catch (...) {
    static const std::string before = state_of(*trained());
    if (state_of(*trainer) != before) __builtin_trap();
    throw;
  }
  trainer->backward({{0}});
  trainer->update();
}
