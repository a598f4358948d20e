// Dropout: by its seed, at its rate, and with the gradient of what it computed.

#include "check.hpp"
#include "tiny_trainer.hpp"

using namespace engram;
using namespace tiny;
using golden::relative_error;

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

TEST(dropout_drops_the_share_it_is_told) {
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
TEST(dropout_gradient_points_downhill) {
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
