// A training computes the same bits with any number of threads, beside answers, within any memory limit, and beside
// another training of the same model.
#include <atomic>
#include <chrono>
#include <thread>

#include "batch.hpp"
#include "check.hpp"
#include "cores.hpp"
#include "memory.hpp"
#include "tiny_trainer.hpp"

using namespace engram;
using namespace tiny;

TEST(trainer_is_the_same_for_any_number_of_threads) {
  std::vector<std::vector<float>> weights[3], gradients[3];
  std::vector<float> logits[3];
  for (const int threads : {1, 2, 3}) {
    OptimizerConfig optimizer;
    optimizer.learning_rate = 1e-2;
    const auto trainer = golden_trainer(threads, optimizer);
    for (const char* name : {"batch", "prefix", "long"}) {
      trainer->backward(golden::batch(values(), name));
      trainer->update();
    }
    trainer->backward(mixed_batch());
    gradients[threads - 1] = golden::gradients(*trainer);
    weights[threads - 1] = golden::weights(*trainer);
    logits[threads - 1] = trainer->logits(values().tokens(6));
  }
  CHECK(gradients[0] == gradients[1] && gradients[0] == gradients[2]);
  CHECK(weights[0] == weights[1] && weights[0] == weights[2]);
  CHECK(logits[0] == logits[1] && logits[0] == logits[2]);
}

// Held between any two chunks, or left to fewer threads, a training computes the same bits.
TEST(trainer_is_the_same_beside_answers) {
  const std::vector<BatchItem> batch = mixed_batch();
  const auto train = [&](const std::shared_ptr<Cores>& cores) {
    Trainer trainer(golden::model(kModel), lora_config(), {}, 3, 0, cores);
    golden::fill_with_examples(trainer, values());
    std::vector<double> losses;
    for (int step = 0; step < 10; step++) {
      losses.push_back(total(trainer.backward(batch), batch));
      losses.push_back(trainer.update().grad_norm);
    }
    return losses;
  };
  const std::vector<double> alone = train(nullptr);
  const auto cores = std::make_shared<Cores>(3, FreeCpus("/nowhere"));
  std::atomic<bool> stop{false};
  std::thread answers([&] {
    ThreadChooser chooser(3);
    while (!stop) {
      {
        Cores::Generating turn(cores, chooser);
        turn.threads();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });
  const std::vector<double> beside = train(cores);
  stop = true;
  answers.join();
  CHECK(beside == alone);
}

// Of a batch without contexts.
static BatchSize size_of_batch(const std::vector<BatchItem>& batch) {
  std::vector<StoredExample> stored;
  for (const BatchItem& item : batch) {
    Example example = values().example(static_cast<int>(item.example));
    CHECK(example.adapted_from == 0);
    stored.push_back({std::move(example), nullptr, {}, {}});
  }
  std::vector<const StoredExample*> examples;
  for (const StoredExample& example : stored) examples.push_back(&example);
  return size_of(lay_out(examples).rows);
}

// Running a layer again gives the same bits as keeping what it computed.
TEST(trainer_is_the_same_within_any_memory_limit) {
  const std::vector<BatchItem> batch = mixed_batch();
  LoraConfig config = lora_config();
  config.dropout = 0.2;
  const auto free = trainer_with(config);
  const BatchLoss loss = free->backward(batch);
  const auto expected = golden::gradients(*free);
  const auto model = golden::model(kModel);
  const MemoryNeed need =
      memory_need(model->config, static_cast<double>(model->bytes()), free->lora().config(), size_of_batch(batch));
  CHECK(size_of_batch(batch).tokens == loss.computed_tokens);
  CHECK(need.kept_layers(need.least()) == 0 && need.kept_layers(need.most()) == kLayers);
  double flop = 0;
  for (int64_t limit = need.least(); limit <= need.most(); limit += (need.most() - need.least()) / 4) {
    const auto limited = trainer_with(config, limit);
    const BatchLoss same = limited->backward(batch);
    CHECK(golden::gradients(*limited) == expected);
    CHECK(flop == 0 || same.flop <= flop);  // more room, less to compute twice
    flop = same.flop;
  }
  CHECK(need.kept_layers(need.least() - 1) == -1);
  const auto tight = trainer_with(config, need.least() - 1);
  CHECK_THROWS_CODE(tight->backward(batch), "memory");
  tight->backward({{0}});  // a smaller batch still fits
}

TEST(trainers_share_a_model) {
  const auto first = golden_trainer(), second = golden_trainer();
  const auto expected = golden_trainer();
  expected->backward({{6}});
  std::thread other([&] { first->backward({{6}}); });
  second->backward({{6}});
  other.join();
  CHECK(golden::gradients(*first) == golden::gradients(*expected));
  CHECK(golden::gradients(*second) == golden::gradients(*expected));
}
