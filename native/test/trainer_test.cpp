// The trainer over a tiny model: batches, subsets of layers and matrices, accumulation, learning. Its numbers against
// PyTorch are in golden_test.cpp.
#include "trainer.hpp"

#include "check.hpp"
#include "tiny_trainer.hpp"

using namespace engram;
using namespace tiny;
using golden::relative_error;

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
