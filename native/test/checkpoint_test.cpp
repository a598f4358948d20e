// The state of a training, saved and loaded: what goes on from it is bit for bit what would have gone on without. And
// states that are cut off, garbled or another's: always an error with a code, never half a state.
#include "checkpoint.hpp"

#include <cstring>

#include "check.hpp"
#include "golden.hpp"

using namespace engram;
using golden::read_file;
using golden::write_file;

namespace {

constexpr const char* kModel = "tiny-tied";

LoraConfig lora_config(double dropout) {
  LoraConfig out = golden::Values(kModel).lora();
  out.dropout = dropout;
  out.seed = 7;
  return out;
}

std::unique_ptr<Trainer> trainer_with(const LoraConfig& lora, const OptimizerConfig& optimizer, int threads = 2) {
  const golden::Values values(kModel);
  auto out = std::make_unique<Trainer>(golden::model(kModel), lora, optimizer, threads);
  for (int i = 0; i < static_cast<int>(values.number("examples")); i++) out->add(values.example(i));
  return out;
}

void learn(Trainer& trainer, int first, int last) {
  for (int step = first; step < last; step++) {
    trainer.backward({{step % 2, 0.1f}});
    trainer.backward({{(step + 1) % 2, 0.1f}});
    trainer.update(1e-2);
  }
}

void check_goes_on(const LoraConfig& lora, OptimizerConfig::Kind kind) {
  OptimizerConfig optimizer;
  optimizer.kind = kind;
  optimizer.momentum = kind == OptimizerConfig::Kind::sgd ? 0.9 : 0;
  golden::TemporaryFolder folder;
  const auto unbroken = trainer_with(lora, optimizer);
  learn(*unbroken, 0, 3);
  unbroken->save(folder.file("adapter.gguf"));
  unbroken->save_state(folder.file("state.gguf"));
  learn(*unbroken, 3, 6);

  const auto resumed = trainer_with(lora, optimizer, 1);
  learn(*resumed, 0, 1);  // of this nothing may be left
  resumed->load(folder.file("adapter.gguf"));
  resumed->load_state(folder.file("state.gguf"));
  learn(*resumed, 3, 6);
  CHECK(golden::weights(*resumed) == golden::weights(*unbroken));
}

}  // namespace

TEST(state_goes_on_bit_for_bit) {
  for (const auto kind : {OptimizerConfig::Kind::adamw, OptimizerConfig::Kind::adam, OptimizerConfig::Kind::sgd}) {
    check_goes_on(lora_config(0), kind);
    check_goes_on(lora_config(0.3), kind);
  }
  LoraConfig upper = lora_config(0.3);
  upper.first_layer = 1;
  check_goes_on(upper, OptimizerConfig::Kind::adamw);
}

TEST(state_is_that_of_the_last_update) {
  golden::TemporaryFolder folder;
  const auto whole = trainer_with(lora_config(0.3), {}), broken = trainer_with(lora_config(0.3), {});
  learn(*whole, 0, 2);
  learn(*broken, 0, 2);
  broken->backward({{0}});  // half a step, which no one takes
  whole->save_state(folder.file("whole.gguf"));
  broken->save_state(folder.file("broken.gguf"));
  CHECK(read_file(folder.file("whole.gguf")) == read_file(folder.file("broken.gguf")));
  broken->discard();
  learn(*whole, 2, 4);
  learn(*broken, 2, 4);
  CHECK(golden::weights(*whole) == golden::weights(*broken));
}

TEST(state_before_the_first_step) {
  golden::TemporaryFolder folder;
  const auto fresh = trainer_with(lora_config(0), {}), used = trainer_with(lora_config(0), {});
  fresh->save(folder.file("adapter.gguf"));
  fresh->save_state(folder.file("state.gguf"));
  learn(*used, 0, 2);
  used->load(folder.file("adapter.gguf"));
  used->load_state(folder.file("state.gguf"));
  learn(*fresh, 0, 2);
  learn(*used, 0, 2);
  CHECK(golden::weights(*fresh) == golden::weights(*used));
}

TEST(state_of_another_training_is_refused) {
  golden::TemporaryFolder folder;
  const std::string path = folder.file("state.gguf");
  const auto trainer = trainer_with(lora_config(0), {});
  learn(*trainer, 0, 1);
  trainer->save_state(path);
  const auto before = golden::weights(*trainer);

  OptimizerConfig sgd;
  sgd.kind = OptimizerConfig::Kind::sgd;
  CHECK_THROWS_CODE(trainer_with(lora_config(0), sgd)->load_state(path), "mismatch");
  LoraConfig wide = lora_config(0), few = lora_config(0);
  wide.rank = 2 * wide.rank;
  few.targets = {Target::q};
  CHECK_THROWS_CODE(trainer_with(wide, {})->load_state(path), "mismatch");
  CHECK_THROWS_CODE(trainer_with(few, {})->load_state(path), "mismatch");
  CHECK_THROWS_CODE(trainer->load_state(golden::fixture("tiny-tied.adapter.gguf")), "mismatch");
  CHECK_THROWS_CODE(trainer->load_state(folder.file("none.gguf")), "not_found");
  CHECK_THROWS_CODE(trainer->save_state(folder.file("no/such/state.gguf")), "disk");

  const std::string bytes = read_file(path);
  for (size_t n = 0; n < bytes.size(); n += 1 + bytes.size() / 200) {
    write_file(path, bytes.substr(0, n));
    CHECK_THROWS_CODE(trainer->load_state(path), "corrupt");
  }
  std::string nan = bytes;
  const float none = NAN;
  std::memcpy(&nan[nan.size() - 32], &none, sizeof none);
  write_file(path, nan);
  CHECK_THROWS_CODE(trainer->load_state(path), "corrupt");
  CHECK(golden::weights(*trainer) == before);
}
