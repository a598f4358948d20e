// The trainer when it is cancelled or diverges, after which it goes on as before, and what it refuses.
#include <atomic>
#include <chrono>
#include <thread>

#include "check.hpp"
#include "tiny_trainer.hpp"

using namespace engram;
using namespace tiny;

TEST(trainer_can_be_cancelled) {
  const auto trainer = golden_trainer();
  trainer->cancel();  // nothing runs: no effect
  trainer->backward({{0}});
  trainer->update();
  const auto before = golden::weights(*trainer);

  // A batch that would take seconds.
  std::vector<BatchItem> large;
  for (int i = 0; i < 400; i++) large.push_back({6});
  for (const bool train : {true, false}) {
    std::atomic<bool> done{false};
    std::thread other([&] {
      while (!done) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        trainer->cancel();
      }
    });
    CHECK_THROWS_CODE(train ? trainer->backward(large) : trainer->evaluate(large), "cancelled");
    done = true;
    other.join();
    CHECK(all_zero(golden::gradients(*trainer)));
    CHECK(golden::weights(*trainer) == before);
  }

  // It goes on as one that was never cancelled.
  const auto fresh = golden_trainer();
  fresh->backward({{0}}), fresh->update();
  fresh->backward({{1}}), trainer->backward({{1}});
  CHECK(golden::gradients(*fresh) == golden::gradients(*trainer));
}

// cancel() has no effect before a call has begun; who cancels then has set what the call looks at when it has.
TEST(trainer_hears_of_a_cancel_that_came_early) {
  const auto trainer = golden_trainer();
  std::atomic<bool> stop{true};
  trainer->cancel();
  CHECK_THROWS_CODE(trainer->backward({{0}}, &stop), "cancelled");
  CHECK(all_zero(golden::gradients(*trainer)));
  CHECK_THROWS_CODE(trainer->evaluate({{0}}, &stop), "cancelled");
  CHECK_THROWS_CODE(trainer->logits({1, 2, 3}, &stop), "cancelled");
  CHECK_THROWS_CODE(trainer->choices({{{1, 2, 3}}}, {4}, &stop), "cancelled");
  stop = false;
  const auto fresh = golden_trainer();
  fresh->backward({{0}}), trainer->backward({{0}}, &stop);
  CHECK(golden::gradients(*fresh) == golden::gradients(*trainer));
}

TEST(trainer_stops_when_it_diverges) {
  for (const float bad : {NAN, INFINITY}) {
    for (int t = 0; t < kTargets; t++) {
      const auto trainer = golden_trainer();
      trainer->lora().at(1, static_cast<Target>(t)).B[5] = bad;
      trainer->lora().at(1, static_cast<Target>(t)).A[5] = 1;
      const auto count = [&] { return golden::weights(*trainer)[0]; };
      const auto before = count();
      CHECK_THROWS_CODE((trainer->backward(mixed_batch()), trainer->update()), "diverged");
      CHECK_THROWS_CODE(trainer->evaluate(mixed_batch()), "diverged");
      CHECK(count() == before);
      // Mended, it goes on as one that never was broken.
      const auto healthy = golden_trainer();
      healthy->lora().at(1, static_cast<Target>(t)).A[5] = 1;
      trainer->lora().at(1, static_cast<Target>(t)).B[5] = healthy->lora().at(1, static_cast<Target>(t)).B[5];
      healthy->backward({{0}}), trainer->backward({{0}});
      CHECK(golden::gradients(*trainer) == golden::gradients(*healthy));
      CHECK(trainer->update().step == 1);
    }
  }
}

TEST(trainer_notices_a_rate_that_is_too_high) {
  for (const auto kind : {OptimizerConfig::Kind::adamw, OptimizerConfig::Kind::sgd}) {
    OptimizerConfig optimizer;
    optimizer.kind = kind;
    optimizer.learning_rate = 1e6;
    optimizer.max_grad_norm = 0;
    const auto trainer = golden::trainer(kModel, values(), 2, optimizer);
    int steps = 0;
    const auto train = [&] {
      for (; steps < 20; steps++) trainer->backward(mixed_batch()), trainer->update();
    };
    CHECK_THROWS_CODE(train(), "diverged");
    CHECK(steps > 0);
    for (const auto& weights : golden::weights(*trainer)) {
      CHECK(std::all_of(weights.begin(), weights.end(), [](float w) { return std::isfinite(w); }));
    }
    CHECK(all_zero(golden::gradients(*trainer)));
  }
}

TEST(trainer_throws_away_a_gradient_that_is_no_number) {
  const auto trainer = golden_trainer(), healthy = golden_trainer();
  const auto before = golden::weights(*trainer);
  trainer->backward({{0}});
  trainer->lora().at(2, Target::down).dA[7] = NAN;
  CHECK_THROWS_CODE(trainer->update(), "diverged");
  CHECK(golden::weights(*trainer) == before);
  trainer->backward({{1}}), healthy->backward({{1}});
  CHECK(golden::gradients(*trainer) == golden::gradients(*healthy));
  CHECK(trainer->update().step == 1);
}

TEST(trainer_refuses_bad_examples) {
  const auto trainer = golden_trainer();
  const float nan = NAN;
  const auto add = [&](std::vector<int32_t> tokens, std::vector<float> weights, std::vector<float> kl = {}) {
    trainer->add({std::move(tokens), std::move(weights), std::move(kl)});
  };
  CHECK_THROWS_CODE(add({}, {}), "empty");
  CHECK_THROWS_CODE(add({1}, {1}), "empty");
  CHECK_THROWS_CODE(add({1, 128}, {1, 1}), "usage");
  CHECK_THROWS_CODE(add({1, -1}, {1, 1}), "usage");
  CHECK_THROWS_CODE(add({1, 2}, {1}), "usage");
  CHECK_THROWS_CODE(add({1, 2}, {1, 1}, {1}), "usage");
  CHECK_THROWS_CODE(add({1, 2}, {1, nan}), "usage");
  CHECK_THROWS_CODE(add({1, 2}, {1, -1}), "usage");
  CHECK_THROWS_CODE(add({1, 2}, {1, 1}, {0, nan}), "usage");
  CHECK_THROWS_CODE(add(std::vector<int32_t>(257, 1), std::vector<float>(257, 1)), "too_long");
  add(std::vector<int32_t>(256, 1), std::vector<float>(256, 1));  // the whole context fits
  const int64_t last = trainer->add(values().example(0));
  CHECK(last == static_cast<int64_t>(values().number("examples")) + 1);  // what was refused has no index

  for (const int64_t index : {int64_t{-1}, last + 1}) {
    CHECK_THROWS_CODE(trainer->backward({{index}}), "usage");
    CHECK_THROWS_CODE(trainer->evaluate({{index}}), "usage");
  }
  CHECK_THROWS_CODE(trainer->backward({{0, nan, 1}}), "usage");
  CHECK_THROWS_CODE(trainer->backward({{0, 1, nan}}), "usage");
  CHECK_THROWS_CODE(trainer->logits({}), "empty");
  CHECK_THROWS_CODE(trainer->logits({128}), "usage");
  CHECK_THROWS_CODE(trainer->logits({-1}), "usage");
  CHECK_THROWS_CODE(trainer->logits(std::vector<int32_t>(257, 1)), "too_long");
  CHECK(trainer->logits(std::vector<int32_t>(256, 1)).size() == 256 * 128);
}

TEST(trainer_refuses_bad_options) {
  OptimizerConfig optimizer;
  optimizer.learning_rate = NAN;
  CHECK_THROWS_CODE(Trainer(golden::model(kModel), lora_config(), optimizer, 2), "usage");
  LoraConfig lora = lora_config();
  lora.last_layer = 3;
  CHECK_THROWS_CODE(Trainer(golden::model(kModel), lora, {}, 2), "usage");
}
