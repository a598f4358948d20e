// What of examples no step changes: how much of it is kept, that what is not is computed alone, and how much is read at
// once. Contexts that no example holds: trainer_choices_test.cpp.
#include "frozen_parts.hpp"

#include <atomic>

#include "check.hpp"
#include "golden.hpp"

using namespace engram;

namespace {

constexpr const char* kModel = "tiny-tied";
constexpr int64_t kFirst = 2;

struct Parts {
  explicit Parts(int64_t memory_limit) : parts(*golden::model(kModel), kFirst, memory_limit, transformer, head) {}
  // The work that a batch costs once it was there before.
  double again(const std::vector<StoredExample*>& items) {
    parts.prepare(items);
    const double before = transformer.flop();
    parts.prepare(items);
    parts.lower_layers(items, layout_of(items), x);
    return transformer.flop() - before;
  }
  static Layout layout_of(const std::vector<StoredExample*>& items) { return lay_out({items.begin(), items.end()}); }

  std::atomic<bool> cancelled{false};
  ThreadPool pool{2};
  Transformer transformer{*golden::model(kModel), nullptr, pool, cancelled};
  LossHead head{*golden::model(kModel), pool, cancelled};
  FrozenParts parts;
  Floats x;
};

// `own` tokens after a context of `before`, all of them different from example to example.
std::vector<StoredExample> examples(int count, int before, int own) {
  std::vector<StoredExample> out;
  for (int i = 0; i < count; i++) {
    Example example;
    for (int t = 0; t < before + own; t++) example.tokens.push_back((i * 31 + t * 7) % 90);
    example.weights.assign(example.tokens.size(), 0);
    example.weights.back() = 1;
    example.adapted_from = before;
    out.push_back({std::move(example), nullptr, {}, {}});
  }
  return out;
}

std::vector<StoredExample*> all(std::vector<StoredExample>& examples) {
  std::vector<StoredExample*> out;
  for (StoredExample& example : examples) out.push_back(&example);
  return out;
}

}  // namespace

TEST(frozen_lower_layers_stay_however_long_the_contexts_are) {
  auto some = examples(12, 100, 10);
  Parts parts(0);
  const int64_t hidden = 12 * 9 * golden::model(kModel)->config.d_model * 4, contexts = parts.parts.context_bytes(1200);
  CHECK(contexts > 4 * hidden);
  Parts limited(16 * hidden);  // room for just what the lower layers make
  CHECK(limited.again(all(some)) == 0);
  CHECK(limited.parts.bytes() == hidden + contexts);
}

TEST(frozen_lower_layers_that_have_no_room_are_computed_alone) {
  auto some = examples(8, 20, 30), same = examples(8, 20, 30), none = examples(8, 20, 30);
  const int64_t of_one = 29 * golden::model(kModel)->config.d_model * 4;
  Parts plenty(0), few(16 * 6 * of_one), nothing(1);
  CHECK(plenty.again(all(some)) == 0);
  const double of_two = few.again(all(same)), of_eight = nothing.again(all(none));
  CHECK(of_two > 0);
  CHECK_NEAR(of_two / of_eight, 2.0 / 8, 1e-9);
  CHECK(plenty.x == few.x && plenty.x == nothing.x);
}

TEST(frozen_contexts_are_read_a_few_at_a_time) {
  auto some = examples(40, 60, 5), same = examples(40, 60, 5);
  Parts parts(0), limited(1 << 30);
  CHECK(parts.parts.unknown(all(some)).bytes == parts.parts.context_bytes(40 * 60));
  parts.parts.read_contexts(all(some));
  limited.parts.read_contexts(all(same));
  CHECK(parts.parts.largest().tokens <= 512 && parts.parts.largest().tokens > 400);
  CHECK(limited.parts.largest().tokens <= 128);
  CHECK(parts.parts.unknown(all(some)).bytes == 0);
  for (size_t i = 0; i < some.size(); i++) {
    CHECK(some[i].context->rows() == 60);
    CHECK(some[i].context->layers == same[i].context->layers);
  }
}
