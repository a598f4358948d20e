// choices(): beside logits() and evaluate() of the same sequences, in any company, with contexts that come and go; and
// what it refuses.
#include <atomic>
#include <chrono>
#include <thread>

#include "check.hpp"
#include "frozen_parts.hpp"
#include "tiny_trainer.hpp"

using namespace engram;
using namespace tiny;

namespace {

const std::vector<int32_t> kLabels = {17, 3, 40, 59};

// `n` tokens, of which the first `shared` are the same for every seed.
Sequence sequence(int n, int seed, int adapted_from = 0, int shared = 0) {
  Sequence out{{}, adapted_from};
  for (int i = 0; i < n; i++) out.tokens.push_back(((i < shared ? 5 : 11 * seed + 3) + 7 * i + i * i % 5) % 60);
  return out;
}

// log_softmax of the last row of logits().
std::vector<double> expected_alone(Trainer& trainer, const Sequence& sequence) {
  const std::vector<float> logits = trainer.logits(sequence.tokens);
  const auto last = logits.end() - 128;
  double sum = 0;
  for (int v = 0; v < 128; v++) sum += std::exp(static_cast<double>(last[v]));
  std::vector<double> out;
  for (const int32_t label : kLabels) out.push_back(last[label] - std::log(sum));
  return out;
}

// Minus the loss that evaluate() finds for each label as the last token.
std::vector<double> expected_by_loss(Trainer& trainer, const Sequence& sequence) {
  std::vector<double> out;
  for (const int32_t label : kLabels) {
    Example example{sequence.tokens, std::vector<float>(sequence.tokens.size(), 0), {}, sequence.adapted_from};
    example.tokens.push_back(label);
    example.weights.push_back(1);
    out.push_back(-trainer.evaluate({{trainer.add(std::move(example))}}).examples[0].sum_loss);
  }
  return out;
}

void check_near(const std::vector<float>& got, const std::vector<double>& expected, double tolerance) {
  CHECK(got.size() == expected.size());
  for (size_t i = 0; i < std::min(got.size(), expected.size()); i++) CHECK_NEAR(got[i], expected[i], tolerance);
}

std::vector<float> part(const std::vector<float>& all, size_t index) {
  const auto first = all.begin() + static_cast<int64_t>(index * kLabels.size());
  return {first, first + static_cast<int64_t>(kLabels.size())};
}

// A Trainer that has read nothing yet.
std::unique_ptr<Trainer> fresh(const std::string& model = kModel, Precision precision = Precision::f32) {
  LoadOptions options;
  options.precision = precision;
  const golden::Values values(model);
  const auto loaded = Model::load(fixtures::path(model + ".gguf"), fixtures::ggml_library(), options);
  auto out = std::make_unique<Trainer>(loaded, values.lora(), OptimizerConfig{}, 2);
  golden::fill(out->lora(), values);
  return out;
}

std::vector<Sequence> mixed() {
  return {sequence(60, 1, 40, 25), sequence(9, 2),  sequence(60, 3, 40, 25), sequence(1, 4),         sequence(2, 5, 1),
          sequence(80, 6, 79, 25), sequence(33, 7), sequence(60, 1, 25, 25), sequence(60, 8, 40, 60)};
}

// Contexts of FrozenParts without a Trainer around it.
struct Contexts {
  explicit Contexts(int64_t memory_limit) : parts(*golden::model(kModel), 0, memory_limit, transformer, head) {}
  // As a sequence's, which nobody keeps.
  void read(const Sequence& sequence) {
    {
      StoredExample passing = unended(sequence);
      read(passing);
    }
    parts.drop_idle_contexts();
  }
  void read(StoredExample& example) {
    parts.read_contexts({&example});
    CHECK(example.context != nullptr && example.context->rows() == example.example.adapted_from);
  }
  // Whether it need not be computed.
  bool has(const Sequence& sequence) {
    const double before = transformer.flop();
    read(sequence);
    return transformer.flop() == before;
  }

  std::atomic<bool> cancelled{false};
  ThreadPool pool{1, nullptr, &cancelled};
  Transformer transformer{*golden::model(kModel), nullptr, pool, cancelled};
  LossHead head{*golden::model(kModel), pool, cancelled};
  FrozenParts parts;
};

}  // namespace

TEST(trainer_choices_are_the_last_logits) {
  const auto trainer = fresh();
  for (const int n : {1, 2, 31, 32, 33, 100, 256}) {
    const Sequence s = sequence(n, n);
    check_near(trainer->choices({s}, kLabels), expected_alone(*trainer, s), 1e-4);
  }
}

TEST(trainer_choices_are_the_losses_of_labels) {
  for (const char* model : {"tiny-tied", "tiny-untied", "tiny-gemma2", "tiny-phi3", "tiny-qwen3"}) {
    const auto trainer = fresh(model);
    for (const Sequence& s : {sequence(20, 1, 13), sequence(20, 1, 19), sequence(2, 1, 1), sequence(30, 1)})
      check_near(trainer->choices({s}, kLabels), expected_by_loss(*trainer, s), 1e-6);
  }
}

TEST(trainer_choices_of_a_subset_of_layers) {
  LoraConfig config = lora_config();
  config.first_layer = 1, config.last_layer = 1;
  const auto trainer = trainer_with(config);
  for (const Sequence& s : {sequence(20, 1, 13), sequence(20, 2)})
    check_near(trainer->choices({s}, kLabels), expected_by_loss(*trainer, s), 1e-6);
}

TEST(trainer_choices_do_not_depend_on_company) {
  for (const Precision precision : {Precision::f32, Precision::int8}) {
    const auto together = fresh(kModel, precision);
    const std::vector<Sequence> all = mixed();
    const std::vector<float> expected = together->choices(all, kLabels);
    CHECK(expected.size() == all.size() * kLabels.size());
    CHECK(together->choices(all, kLabels) == expected);  // contexts are there now
    // From afresh, alone, and in the opposite order.
    for (size_t i = 0; i < all.size(); i++) {
      CHECK(fresh(kModel, precision)->choices({all[i]}, kLabels) == part(expected, i));
      CHECK(together->choices({all[i]}, kLabels) == part(expected, i));
    }
    const std::vector<float> turned = fresh(kModel, precision)->choices({all.rbegin(), all.rend()}, kLabels);
    for (size_t i = 0; i < all.size(); i++) CHECK(part(turned, all.size() - 1 - i) == part(expected, i));
  }
}

TEST(trainer_choices_of_many_take_several_passes) {
  const auto trainer = fresh();
  std::vector<Sequence> many;
  for (int i = 0; i < 300; i++) many.push_back(sequence(20 + i % 50, i, i % 3 == 0 ? 0 : 15, 10));
  const std::vector<float> together = trainer->choices(many, kLabels);
  CHECK(together.size() == many.size() * kLabels.size());
  for (size_t i = 0; i < many.size(); i += 7) CHECK(trainer->choices({many[i]}, kLabels) == part(together, i));
}

TEST(trainer_choices_leave_training_alone) {
  const auto alone = golden_trainer(), between = golden_trainer();
  for (const char* name : {"batch", "prefix", "long"}) {
    const std::vector<BatchItem> batch = golden::batch(values(), name);
    alone->backward(batch), between->choices(mixed(), kLabels);
    between->backward(batch), between->choices(mixed(), kLabels);
    CHECK(golden::gradients(*alone) == golden::gradients(*between));
    alone->update(), between->update();
    CHECK(golden::weights(*alone) == golden::weights(*between));
  }
  CHECK(between->choices(mixed(), kLabels) == alone->choices(mixed(), kLabels));
}

TEST(frozen_contexts_are_found_again) {
  Contexts contexts(0);
  const Sequence a = sequence(50, 1, 40, 30), b = sequence(50, 2, 40, 30);
  CHECK(!contexts.has(a) && contexts.has(a));
  const double before = contexts.transformer.flop();
  CHECK(!contexts.has(b));
  const double of_own_part = contexts.transformer.flop() - before;
  CHECK(contexts.has(a) && contexts.has(b));
  CHECK(of_own_part < 0.5 * before);  // what both begin with was there
  CHECK(!contexts.has(sequence(50, 1, 39, 30)));
  CHECK(contexts.parts.bytes() == contexts.parts.context_bytes(40 + 40 + 39));
}

TEST(frozen_contexts_that_nobody_holds_go_when_there_are_too_many) {
  const int64_t row = Contexts(0).parts.context_bytes(1);
  Contexts contexts(16 * row * 40 * 10);  // room for ten of 40 tokens
  StoredExample held = unended(sequence(50, 1000, 40));
  contexts.read(held);
  for (int i = 0; i < 200; i++) {
    contexts.read(sequence(50, i, 40));
    if (i > 0) contexts.read(sequence(50, 0, 40));  // used all the time
    CHECK(contexts.parts.bytes() <= 11 * 40 * row);
  }
  CHECK(contexts.has(sequence(50, 1000, 40)) && contexts.has(sequence(50, 0, 40)));
  for (int i = 199; i > 190; i--) CHECK(contexts.has(sequence(50, i, 40)));
  CHECK(!contexts.has(sequence(50, 1, 40)) && !contexts.has(sequence(50, 190, 40)));
  contexts.read(sequence(450, 5, 440));  // more than there is room for at all
  CHECK(contexts.parts.bytes() <= 11 * 40 * row);
  CHECK(contexts.has(sequence(50, 1000, 40)));
}

TEST(trainer_choices_can_be_cancelled) {
  const auto trainer = fresh();
  const std::vector<float> before = trainer->choices(mixed(), kLabels);
  std::vector<Sequence> large;
  for (int i = 0; i < 3000; i++) large.push_back(sequence(250, i, 100));
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      trainer->cancel();
    }
  });
  CHECK_THROWS_CODE(trainer->choices(large, kLabels), "cancelled");
  done = true;
  other.join();
  CHECK(trainer->choices(mixed(), kLabels) == before);
}

TEST(trainer_choices_refuse_what_cannot_be) {
  const auto trainer = fresh();
  CHECK(trainer->choices({}, kLabels).empty());
  CHECK_THROWS_CODE(trainer->choices({{{}}}, kLabels), "empty");
  CHECK_THROWS_CODE(trainer->choices({{{1, 2}}}, {}), "empty");
  CHECK_THROWS_CODE(trainer->choices({{{1, 2}}}, {128}), "usage");
  CHECK_THROWS_CODE(trainer->choices({{{1, 2}}}, {-1}), "usage");
  CHECK_THROWS_CODE(trainer->choices({{{1, 128}}}, kLabels), "usage");
  CHECK_THROWS_CODE(trainer->choices({{{1, -1}}}, kLabels), "usage");
  CHECK_THROWS_CODE(trainer->choices({{{1, 2}, 2}}, kLabels), "usage");
  CHECK_THROWS_CODE(trainer->choices({{{1, 2}, -1}}, kLabels), "usage");
  CHECK_THROWS_CODE(trainer->choices({sequence(256, 1), sequence(257, 1)}, kLabels), "too_long");
  CHECK(trainer->choices({sequence(256, 1, 255)}, kLabels).size() == kLabels.size());
  for (const float bad : {NAN, INFINITY}) {
    const auto broken = fresh();
    broken->lora().at(1, Target::down).B[5] = bad;
    broken->lora().at(1, Target::down).A[5] = 1;
    CHECK_THROWS_CODE(broken->choices(mixed(), kLabels), "diverged");
  }
}
