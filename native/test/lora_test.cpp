// LoRA pairs: initial values, what can be configured and what not. Their products are tested with the transformer.
#include "lora.hpp"

#include <set>

#include "check.hpp"
#include "golden.hpp"
#include "random.hpp"

using namespace engram;
using golden::relative_error;
using Doubles = std::vector<double>;
using Floats = std::vector<float>;

namespace {

std::vector<std::array<Shape, kTargets>> shapes(int layers) {
  std::array<Shape, kTargets> one;
  for (int t = 0; t < kTargets; t++) one[t] = {8 + t, 20 + t};
  return std::vector<std::array<Shape, kTargets>>(static_cast<size_t>(layers), one);
}

Lora make(LoraConfig config, int layers = 4) { return Lora(config, shapes(layers)); }

}  // namespace

TEST(lora_starts_as_peft_does) {
  LoraConfig config;
  config.rank = 64;
  config.alpha = 32;
  const Lora lora = make(config);
  for (int layer = 0; layer < 4; layer++) {
    for (int t = 0; t < kTargets; t++) {
      const LoraPair& pair = lora.at(layer, static_cast<Target>(t));
      CHECK(pair.active() && pair.n_in == 20 + t && pair.n_out == 8 + t && pair.scale == 0.5f);
      CHECK(pair.A.size() == static_cast<size_t>(64 * pair.n_in) && pair.dA == Floats(pair.A.size(), 0));
      CHECK(pair.B == Floats(static_cast<size_t>(64 * pair.n_out), 0) && pair.dB == pair.B);
      const double bound = 1 / std::sqrt(static_cast<double>(pair.n_in));
      double sum = 0, squares = 0, largest = 0;
      for (const float a : pair.A) {
        sum += a, squares += static_cast<double>(a) * a, largest = std::max<double>(largest, std::abs(a));
      }
      const double n = static_cast<double>(pair.A.size());
      CHECK(largest <= bound && largest > 0.98 * bound);
      CHECK_NEAR(sum / n, 0, 0.1 * bound);
      CHECK_NEAR(squares / n, bound * bound / 3, 0.1 * bound * bound);  // of a uniform distribution
    }
  }
}

TEST(lora_starts_from_its_seed) {
  LoraConfig config;
  config.seed = 5;
  Lora first = make(config), again = make(config);
  config.seed = 6;
  Lora other = make(config);
  std::set<Floats> distinct;
  for (size_t i = 0; i < first.parameters().size(); i += 2) {
    CHECK(*first.parameters()[i].value == *again.parameters()[i].value);
    CHECK(*first.parameters()[i].value != *other.parameters()[i].value);
    distinct.insert(*first.parameters()[i].value);
  }
  CHECK(distinct.size() == first.parameters().size() / 2);
}

TEST(lora_adapts_what_is_asked) {
  LoraConfig config;
  config.targets = {Target::down, Target::q, Target::q};  // any order, twice is once
  config.first_layer = 1;
  config.last_layer = -2;
  Lora lora = make(config);
  CHECK(lora.config().first_layer == 1 && lora.config().last_layer == 2);
  for (int layer = 0; layer < 4; layer++) {
    for (int t = 0; t < kTargets; t++) {
      const bool wanted = layer >= 1 && layer <= 2 && (t == 0 || t == 6);
      CHECK(lora.at(layer, static_cast<Target>(t)).active() == wanted);
    }
  }
  const auto parameters = lora.parameters();
  CHECK(parameters.size() == 8);
  CHECK(parameters[0].value == &lora.at(1, Target::q).A && !parameters[0].is_b);
  CHECK(parameters[1].value == &lora.at(1, Target::q).B && parameters[1].is_b);
  CHECK(parameters[2].value == &lora.at(1, Target::down).A && parameters[6].value == &lora.at(2, Target::down).A);
  lora.at(1, Target::q).dA[3] = 1;
  lora.clear_gradients();
  CHECK(lora.at(1, Target::q).dA[3] == 0);
}

TEST(lora_scales_as_its_kind_does) {
  LoraConfig config;
  config.rank = 16;
  config.alpha = 8;
  config.ranks = {{1, Target::v, 4}, {2, Target::k, 0}};
  Lora plain = make(config);
  CHECK(plain.at(0, Target::v).scale == 0.5f && plain.at(1, Target::v).scale == 2);
  CHECK(plain.at(1, Target::v).rank == 4 && !plain.at(2, Target::k).active());
  CHECK(plain.parameters().size() == 2 * (4 * 7 - 1));
  config.rank_stabilized = true;
  Lora stabilized = make(config);
  CHECK(stabilized.at(0, Target::v).scale == 2 && stabilized.at(1, Target::v).scale == 4);
  CHECK(*plain.parameters()[0].value == *stabilized.parameters()[0].value);
}

TEST(lora_refuses_what_cannot_be) {
  const auto with = [](auto change) {
    LoraConfig config;
    change(config);
    return config;
  };
  for (const int rank : {0, -1, 1 << 20}) CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.rank = rank; })), "usage");
  for (const double alpha : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.alpha = alpha; })), "usage");
  for (const double dropout : {-0.1, 1.0, static_cast<double>(NAN)})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.dropout = dropout; })), "usage");
  CHECK_THROWS_CODE(make(with([](LoraConfig& c) { c.targets.clear(); })), "usage");
  for (const RankException& e : {RankException{0, Target::q, -1},
                                 {0, Target::q, 1025},
                                 {4, Target::q, 2},
                                 {-1, Target::q, 2},
                                 {0, Target::k, 2}})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.targets = {Target::q}, c.ranks = {e}; })), "usage");
  CHECK_THROWS_CODE(make(with([](LoraConfig& c) {
                           c.ranks = {{0, Target::q, 0}}, c.targets = {Target::q};
                         }),
                         1),
                    "usage");
  for (const auto& [first, last] : {std::pair{4, 4}, {0, 4}, {-5, -1}, {3, 1}, {0, -5}})
    CHECK_THROWS_CODE(make(with([&](LoraConfig& c) { c.first_layer = first, c.last_layer = last; })), "usage");
}
