// The trainer over a tiny model: batches, subsets of layers and matrices, accumulation, threads, dropout, cancelling,
// and what it refuses. Its numbers against PyTorch are in golden_test.cpp.
#include "trainer.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include "check.hpp"
#include "cores.hpp"
#include "golden.hpp"
#include "memory.hpp"

using namespace engram;
using golden::relative_error;

namespace {

constexpr const char* kModel = "tiny-tied";
constexpr int kLayers = 3;

const golden::Values& values() {
  static const golden::Values loaded(kModel);
  return loaded;
}

LoraConfig lora_config() { return values().lora(); }

std::unique_ptr<Trainer> golden_trainer(int threads = 2, const OptimizerConfig& optimizer = {}) {
  return golden::trainer(kModel, values(), threads, optimizer);
}

// Like golden_trainer(), with other LoRA options.
std::unique_ptr<Trainer> trainer_with(const LoraConfig& config, const OptimizerConfig& optimizer = {}) {
  auto out = std::make_unique<Trainer>(golden::model(kModel), config, optimizer, 2);
  golden::fill(out->lora(), values());
  for (int i = 0; i < static_cast<int>(values().number("examples")); i++) out->add(values().example(i));
  return out;
}

double total(const BatchLoss& loss, const std::vector<BatchItem>& batch) {
  double sum = 0;
  for (size_t i = 0; i < batch.size(); i++)
    sum += batch[i].scale * loss.examples[i].sum_loss + batch[i].kl_scale * loss.examples[i].sum_kl;
  return sum;
}

std::vector<BatchItem> mixed_batch() { return golden::batch(values(), "batch"); }

bool all_zero(const std::vector<std::vector<float>>& tensors) {
  for (const std::vector<float>& tensor : tensors) {
    for (const float x : tensor) {
      if (x != 0) return false;
    }
  }
  return true;
}

}  // namespace

TEST(trainer_evaluates_what_backward_reports) {
  for (const char* name : {"ce", "kl", "batch", "prefix", "long"}) {
    const auto trainer = golden_trainer();
    const std::vector<BatchItem> batch = golden::batch(values(), name);
    trainer->evaluate(batch);  // the first time it also runs the base model, for KL
    const BatchLoss evaluated = trainer->evaluate(batch);
    CHECK(all_zero(golden::gradients(*trainer)));
    const BatchLoss trained = trainer->backward(batch);
    for (size_t i = 0; i < batch.size(); i++) {
      const ExampleLoss &a = evaluated.examples[i], &b = trained.examples[i];
      CHECK(a.sum_loss == b.sum_loss && a.sum_kl == b.sum_kl && a.max_loss == b.max_loss && a.correct == b.correct);
    }
    CHECK(evaluated.computed_tokens == trained.computed_tokens && trained.flop > 1.5 * evaluated.flop);
  }
}

TEST(trainer_reports_each_example) {
  const auto trainer = golden_trainer();
  const ExampleLoss loss = trainer->evaluate({{2}}).examples[0];
  const Example example = values().example(2);
  const std::vector<float> logits = trainer->logits(example.tokens);
  double sum_loss = 0, sum_weights = 0, sum_kl_weights = 0, largest = 0;
  int64_t tokens = 0, correct = 0;
  const int64_t V = trainer->logits({1}).size();
  for (size_t i = 1; i < example.tokens.size(); i++) {
    sum_kl_weights += example.kl_weights[i];
    if (example.weights[i] == 0) continue;
    const auto row = logits.begin() + static_cast<int64_t>(i - 1) * V;
    double sum = 0;
    for (int64_t v = 0; v < V; v++) sum += std::exp(static_cast<double>(row[v]));
    const double loss_here = std::log(sum) - row[example.tokens[i]];
    sum_loss += example.weights[i] * loss_here, sum_weights += example.weights[i];
    largest = std::max(largest, loss_here);
    tokens++;
    correct += std::max_element(row, row + V) - row == example.tokens[i];
  }
  CHECK_NEAR(loss.sum_loss, sum_loss, 1e-4);
  CHECK_NEAR(loss.sum_weights, sum_weights, 1e-6);
  CHECK_NEAR(loss.sum_kl_weights, sum_kl_weights, 1e-6);
  CHECK_NEAR(loss.max_loss, largest, 1e-5);
  CHECK(loss.tokens == tokens && loss.correct == correct && tokens > 0);
}

// Central differences of the loss by single values of A and B, on the C++ itself. Coarse, because it is f32.
TEST(trainer_gradient_points_downhill) {
  const auto trainer = golden_trainer();
  const std::vector<BatchItem> batch = mixed_batch();
  trainer->backward(batch);
  const auto gradients = golden::gradients(*trainer);
  const auto parameters = trainer->lora().parameters();
  for (size_t p = 0; p < parameters.size(); p++) {
    const size_t i = (p * 37) % parameters[p].value->size();
    float& x = (*parameters[p].value)[i];
    const float at = x, step = 2e-3f;
    x = at + step;
    const double above = total(trainer->evaluate(batch), batch);
    x = at - step;
    const double below = total(trainer->evaluate(batch), batch);
    x = at;
    CHECK_NEAR((above - below) / (2 * step), gradients[p][i], 0.02 + 0.02 * std::abs(gradients[p][i]));
  }
}

TEST(trainer_accumulates) {
  const auto once = golden_trainer(), twice = golden_trainer();
  const std::vector<BatchItem> batch = mixed_batch();
  once->backward(batch);
  for (const BatchItem& item : batch) twice->backward({item});
  const auto expected = golden::gradients(*once), got = golden::gradients(*twice);
  for (size_t i = 0; i < got.size(); i++) CHECK_NEAR(relative_error(got[i], expected[i]), 0, 1e-5);
  twice->update();
  CHECK(all_zero(golden::gradients(*twice)));
}

TEST(trainer_counts_an_example_as_often_as_it_is_named) {
  const auto once = golden_trainer(), twice = golden_trainer();
  once->backward({{0, 1.5f, 1}});
  twice->backward({{0, 0.5f, 1}, {0, 1, 1}});
  const auto expected = golden::gradients(*once), got = golden::gradients(*twice);
  for (size_t i = 0; i < got.size(); i++) CHECK_NEAR(relative_error(got[i], expected[i]), 0, 1e-5);
}

TEST(trainer_computes_a_shared_beginning_once) {
  const auto trainer = golden_trainer();
  const std::vector<BatchItem> batch = golden::batch(values(), "prefix");
  int64_t alone = 0;
  for (const BatchItem& item : batch) alone += trainer->evaluate({item}).computed_tokens;
  CHECK(trainer->evaluate(batch).computed_tokens < alone);
}

TEST(trainer_without_a_loss_has_no_gradient) {
  const auto trainer = golden_trainer();
  CHECK(trainer->backward({}).examples.empty());
  const int64_t idle = trainer->add({{1, 2, 3}, {5, 0, 0}, {}});  // the first weight is never used
  const BatchLoss loss = trainer->backward({{idle}, {0, 0, 0}});
  CHECK(loss.examples[0].sum_loss == 0 && loss.examples[0].tokens == 0);
  CHECK(all_zero(golden::gradients(*trainer)));
}

// With B = 0 outside the subset, a full adapter computes the same function as one that has the subset only.
TEST(trainer_of_a_subset_agrees_with_the_whole) {
  struct Subset {
    std::vector<Target> targets;
    int first, last;
  };
  const std::vector<Target> all = LoraConfig().targets;
  const Subset subsets[] = {{all, 1, 2},
                            {all, 2, 2},
                            {all, 0, 0},
                            {{Target::q}, 0, -1},
                            {{Target::k}, 1, 1},
                            {{Target::v}, 0, 1},
                            {{Target::o}, 1, -1},
                            {{Target::gate}, 0, 2},
                            {{Target::up}, 2, 2},
                            {{Target::down}, 1, 2},
                            {{Target::down}, 0, 0},
                            {{Target::v, Target::down}, 1, 1},
                            {{Target::o, Target::up}, 0, 2},
                            {{Target::q, Target::gate}, 1, 2}};
  for (const Subset& subset : subsets) {
    LoraConfig config = lora_config();
    config.targets = subset.targets;
    config.first_layer = subset.first, config.last_layer = subset.last;
    const auto part = trainer_with(config), whole = golden_trainer();
    for (int layer = 0; layer < kLayers; layer++) {
      for (int t = 0; t < kTargets; t++) {
        if (part->lora().at(layer, static_cast<Target>(t)).active()) continue;
        std::vector<float>& B = whole->lora().at(layer, static_cast<Target>(t)).B;
        std::fill(B.begin(), B.end(), 0.0f);
      }
    }
    for (int pass = 0; pass < 2; pass++) {  // the second time the lower layers come from the cache
      for (const char* name : {"batch", "prefix"}) {
        const std::vector<BatchItem> batch = golden::batch(values(), name);
        part->lora().clear_gradients(), whole->lora().clear_gradients();
        CHECK_NEAR(total(part->backward(batch), batch) / total(whole->backward(batch), batch), 1, 1e-6);
        for (int layer = 0; layer < kLayers; layer++) {
          for (int t = 0; t < kTargets; t++) {
            const LoraPair& got = part->lora().at(layer, static_cast<Target>(t));
            const LoraPair& expected = whole->lora().at(layer, static_cast<Target>(t));
            if (!got.active()) continue;
            CHECK_NEAR(relative_error(got.dA, expected.dA), 0, 1e-5);
            CHECK_NEAR(relative_error(got.dB, expected.dB), 0, 1e-5);
          }
        }
      }
    }
    CHECK_NEAR(relative_error(part->logits(values().tokens(0)), whole->logits(values().tokens(0))), 0, 1e-5);
  }
}

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

TEST(trainer_learns) {
  OptimizerConfig optimizer;
  optimizer.learning_rate = 1e-2;
  Trainer trainer(golden::model(kModel), lora_config(), optimizer, 2);
  trainer.add(values().example(0));
  const double before = trainer.evaluate({{0}}).examples[0].sum_loss;
  for (int step = 1; step <= 60; step++) {
    trainer.backward({{0}});
    CHECK(trainer.update().step == step);
  }
  const ExampleLoss after = trainer.evaluate({{0}}).examples[0];
  CHECK(after.sum_loss < 0.1 * before && after.correct == after.tokens);
}

TEST(trainer_takes_the_rate_it_is_given) {
  OptimizerConfig sgd;
  sgd.kind = OptimizerConfig::Kind::sgd;
  sgd.learning_rate = 0.5;
  sgd.max_grad_norm = 0;
  const auto configured = golden_trainer(2, sgd), given = golden_trainer(2, sgd);
  configured->backward({{0}}), given->backward({{0}});
  const float before = given->lora().at(0, Target::q).B[3], gradient = given->lora().at(0, Target::q).dB[3];
  configured->update();
  given->update(0.125);
  CHECK(configured->lora().at(0, Target::q).B[3] == before - 0.5f * gradient);
  CHECK(given->lora().at(0, Target::q).B[3] == before - 0.125f * gradient);
  given->backward({{0}});
  for (const double rate : {static_cast<double>(NAN), static_cast<double>(INFINITY)})
    CHECK_THROWS_CODE(given->update(rate), "usage");
}

TEST(trainer_drops_by_its_seed) {
  LoraConfig config = lora_config();
  config.dropout = 0.3;
  config.seed = 1;
  const auto first = trainer_with(config), again = trainer_with(config);
  config.seed = 2;
  const auto other = trainer_with(config);
  const double plain = first->evaluate({{0}}).examples[0].sum_loss;
  again->logits(values().tokens(0));  // what only looks does not move the generator
  CHECK(first->backward({{0}}).examples[0].sum_loss == again->backward({{0}}).examples[0].sum_loss);
  CHECK(golden::gradients(*first) == golden::gradients(*again));
  const double second = first->backward({{0}}).examples[0].sum_loss;
  CHECK(second == again->backward({{0}}).examples[0].sum_loss);
  CHECK(second != plain);  // another mask each time
  const double of_other = other->backward({{0}}).examples[0].sum_loss;
  CHECK(of_other != plain && of_other != second);
  CHECK_NEAR(first->evaluate({{0}}).examples[0].sum_loss, plain, 0);  // none of it outside of training
}

TEST(trainer_drops_the_share_it_is_told) {
  // Only the down projection of the last layer, with one row: the logits are then linear in what dropout does, and the
  // gradient of B is the mean over many masks of a linear function too, so it must equal that without dropout.
  LoraConfig config = lora_config();
  config.targets = {Target::down};
  config.first_layer = config.last_layer = kLayers - 1;
  const auto plain = trainer_with(config);
  config.dropout = 0.25;
  const auto dropping = trainer_with(config);
  for (const auto& trainer : {plain.get(), dropping.get()}) {
    std::vector<float>& B = trainer->lora().at(kLayers - 1, Target::down).B;
    std::fill(B.begin(), B.end(), 0.0f);  // the loss, and so dy, does not depend on the mask
  }
  plain->backward({{0}});
  const std::vector<float> expected = plain->lora().at(kLayers - 1, Target::down).dB;
  constexpr int kMasks = 2000;
  for (int i = 0; i < kMasks; i++) dropping->backward({{0}});
  std::vector<float> mean = dropping->lora().at(kLayers - 1, Target::down).dB;
  for (float& x : mean) x /= kMasks;
  CHECK_NEAR(relative_error(mean, expected), 0, 0.05);
}

// With the mask held fixed, the gradient is that of the loss: seeds repeat, so the loss can be evaluated again.
TEST(trainer_gradient_with_dropout_points_downhill) {
  LoraConfig config = lora_config();
  config.dropout = 0.4;
  const std::vector<BatchItem> batch = mixed_batch();
  const auto loss_at = [&](size_t p, size_t i, float change, std::vector<std::vector<float>>* gradients) {
    const auto trainer = trainer_with(config);
    (*trainer->lora().parameters()[p].value)[i] += change;
    const double loss = total(trainer->backward(batch), batch);  // the first pass: always the same mask
    if (gradients != nullptr) *gradients = golden::gradients(*trainer);
    return loss;
  };
  std::vector<std::vector<float>> gradients;
  loss_at(0, 0, 0, &gradients);
  for (size_t p = 0; p < gradients.size(); p++) {
    const size_t i = (p * 53) % gradients[p].size();
    const float step = 2e-3f;
    const double slope = (loss_at(p, i, step, nullptr) - loss_at(p, i, -step, nullptr)) / (2 * step);
    CHECK_NEAR(slope, gradients[p][i], 0.03 + 0.03 * std::abs(gradients[p][i]));
  }
}

// Held between any two chunks, or left to fewer threads, a training computes the same bits.
TEST(trainer_is_the_same_beside_answers) {
  const std::vector<BatchItem> batch = mixed_batch();
  const auto train = [&](const std::shared_ptr<Cores>& cores) {
    Trainer trainer(golden::model(kModel), lora_config(), {}, 3, 0, cores);
    golden::fill(trainer.lora(), values());
    for (int i = 0; i < static_cast<int>(values().number("examples")); i++) trainer.add(values().example(i));
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

// Running a layer again gives the same bits as keeping what it computed.
TEST(trainer_is_the_same_within_any_memory_limit) {
  const std::vector<BatchItem> batch = mixed_batch();
  LoraConfig config = lora_config();
  config.dropout = 0.2;
  const auto with = [&](int64_t limit) {
    auto out = std::make_unique<Trainer>(golden::model(kModel), config, OptimizerConfig{}, 2, limit);
    golden::fill(out->lora(), values());
    for (int i = 0; i < static_cast<int>(values().number("examples")); i++) out->add(values().example(i));
    return out;
  };
  const auto free = with(0);
  const BatchLoss loss = free->backward(batch);
  const auto expected = golden::gradients(*free);
  const auto model = golden::model(kModel);
  const MemoryNeed need = memory_need(model->config, model->bytes(), free->lora().config(), loss.computed_tokens);
  CHECK(need.kept_layers(need.least()) == 0 && need.kept_layers(need.most()) == kLayers);
  double flop = 0;
  for (int64_t limit = need.least(); limit <= need.most(); limit += (need.most() - need.least()) / 4) {
    const auto limited = with(limit);
    const BatchLoss same = limited->backward(batch);
    CHECK(golden::gradients(*limited) == expected);
    CHECK(flop == 0 || same.flop <= flop);  // more room, less to compute twice
    flop = same.flop;
  }
  CHECK(need.kept_layers(need.least() - 1) == -1);
  const auto tight = with(need.least() - 1);
  CHECK_THROWS_CODE(tight->backward(batch), "memory");
  tight->backward({{0}});  // a smaller batch still fits
}

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
