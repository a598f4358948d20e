// Prompts read by our own kernels, from which the real llama.cpp goes on: the same answers as without, whatever the
// cache holds, and nothing is read with weights that are not the model's. Not here: how fast it is.
#include "../generate/cache_state.hpp"
#include "engine_fixture.hpp"
#include "golden.hpp"

namespace engram {
namespace {

std::unique_ptr<Engine> reading(const std::string& name, int lanes = 1, const std::string& weights = "") {
  return std::make_unique<Engine>(tiny(name), ContextOptions{kContext, lanes, kBlock, 1}, std::make_shared<Cores>(1),
                                  golden::model(weights.empty() ? name : weights));
}

// The probability of each token of an answer that is given.
std::vector<float> likelihood(Engine& engine, const std::vector<Token>& prompt, const std::vector<Token>& answer) {
  GenerationRequest asked = request(prompt, static_cast<int>(answer.size()));
  asked.expected = answer;
  asked.insists = true;
  asked.likeliest = 0;
  std::vector<float> out;
  for (const GeneratedToken& token : run(engine, asked).tokens) out.push_back(token.probabilities[0].logprob);
  return out;
}

}  // namespace

// 45 tokens are two blocks and a piece; the answer looks back at all of them.
TEST(prompt_reader_goes_before_llama_cpp) {
  for (const char* name : {"tiny-tied", "tiny-biased", "tiny-smollm3", "tiny-qwen2", "tiny-qwen3", "tiny-phi3"}) {
    const auto theirs =
        std::make_unique<Engine>(tiny(name), ContextOptions{kContext, 1, kBlock, 1}, std::make_shared<Cores>(1));
    const auto ours = reading(name);
    CHECK(ours->computes() == Computes::prompts && theirs->computes() == Computes::llama);
    const std::vector<float> expected = likelihood(*theirs, prompt_of(45), prompt_of(12, 3));
    const std::vector<float> found = likelihood(*ours, prompt_of(45), prompt_of(12, 3));
    CHECK(found.size() == 12 && expected.size() == 12);
    for (size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - expected[i]) < 1e-2f);
  }
}

// Layers with a sliding window are in a cache of their own; Mistral 3 changes its attention beyond some position.
TEST(prompt_reader_leaves_what_it_does_not_know_to_llama_cpp) {
  for (const char* name : {"tiny-gemma2", "tiny-gemma3", "tiny-mistral3"}) {
    const auto engine = reading(name);
    CHECK(engine->computes() == Computes::llama);
    CHECK(run(*engine, request(prompt_of(45), 5)).tokens.size() == 5);
  }
  CHECK(reading("tiny-tied", 1, "tiny-biased")->computes() == Computes::llama);
}

TEST(prompt_reader_answers_alike_from_a_cold_and_a_warm_cache) {
  const auto engine = reading("tiny-tied", 2);
  const Outcome cold = run(*engine, request(prompt_of(50), 20));
  CHECK(cold.result.reused_tokens == 0);
  const Outcome warm = run(*engine, request(prompt_of(50), 20));
  CHECK(warm.result.reused_tokens == 48);
  CHECK(warm.ids() == cold.ids());
  // What comes first is in the cache as F16, and is read on from there.
  std::vector<Token> longer = prompt_of(50);
  longer.resize(90, 11);
  const Outcome next = run(*engine, request(longer, 20));
  CHECK(next.result.reused_tokens == 48);
  CHECK(next.ids() == run(*reading("tiny-tied", 2), request(longer, 20)).ids());
  // Prompts of one token and of whole blocks have an end to answer from too.
  for (const int length : {1, 2, 16, 17, 32}) {
    const auto once = run(*engine, request(prompt_of(length, 5), 6)).ids();
    CHECK(once.size() == 6);
    CHECK(run(*reading("tiny-tied", 2), request(prompt_of(length, 5), 6)).ids() == once);
  }
}

TEST(prompt_reader_leaves_to_adapters_what_they_work_on) {
  const auto model = tiny();
  const auto adapter = std::make_shared<const LoadedAdapter>(model, fixtures::path("tiny-tied.adapter.gguf"));
  Engine engine(model, ContextOptions{kContext, 2, kBlock, 1}, std::make_shared<Cores>(1), golden::model("tiny-tied"));
  Engine plain(model, ContextOptions{kContext, 2, kBlock, 1}, std::make_shared<Cores>(1));
  GenerationRequest late = request(prompt_of(50), 12);
  late.adapters = {{adapter, 1}};
  late.adapted_from = 47;
  const auto ids = run(engine, late).ids();
  CHECK(ids == run(plain, late).ids());
  CHECK(ids != run(engine, request(prompt_of(50), 12)).ids());
  CHECK(run(engine, late).ids() == ids);
  // A context with adapters of its own reads nothing.
  engine.post([&](Context& context) { context.use({{adapter, 1}}); });
  plain.post([&](Context& context) { context.use({{adapter, 1}}); });
  CHECK(run(engine, request(prompt_of(50), 12)).ids() == run(plain, request(prompt_of(50), 12)).ids());
}

TEST(prompt_reader_reads_for_several_and_can_be_cancelled) {
  const auto engine = reading("tiny-tied", 2);
  std::vector<std::vector<Token>> alone;
  for (int seed = 0; seed < 4; ++seed) alone.push_back(run(*engine, request(prompt_of(100, seed), 8)).ids());
  for (int round = 0; round < 20; ++round) {
    std::vector<std::future<Outcome>> answers;
    std::vector<uint64_t> ids;
    for (int seed = 0; seed < 4; ++seed) {
      const auto sink = std::make_shared<Collector>();
      answers.push_back(sink->done.get_future());
      ids.push_back(engine->submit(request(prompt_of(100, seed), 8), sink));
    }
    engine->cancel(ids[static_cast<size_t>(round % 4)]);
    for (int seed = 0; seed < 4; ++seed) {
      const Outcome outcome = answers[static_cast<size_t>(seed)].get();
      if (outcome.result.finish == GenerationResult::Finish::cancelled) continue;
      CHECK(outcome.ids().size() == 8);
    }
  }
  for (int seed = 0; seed < 4; ++seed) {
    CHECK(run(*engine, request(prompt_of(100, seed), 8)).ids() == alone[static_cast<size_t>(seed)]);
  }
}

TEST(cache_state_is_written_as_it_was_read) {
  const ModelConfig& config = golden::model("tiny-tied")->config;
  const auto engine = engine_of(2);
  run(*engine, request(prompt_of(50), 3));
  std::promise<std::vector<uint8_t>> saved;
  engine->post([&](Context& context) { saved.set_value(context.save(0)); });
  const std::vector<uint8_t> bytes = saved.get_future().get();
  const auto state = read_cache_state(bytes, config);
  CHECK(state.has_value());
  CHECK(state->prefix.rows() == 48);
  CHECK(write_cache_state(state->prefix, state->shape, 0, config) == bytes);
  for (size_t length = 0; length < bytes.size(); length += 7) {
    CHECK(!read_cache_state(std::span(bytes).first(length), config));
  }
  std::vector<uint8_t> longer = bytes;
  longer.push_back(0);
  CHECK(!read_cache_state(longer, config));
  CHECK(!read_cache_state(bytes, golden::model("tiny-qwen3")->config));
}

}  // namespace engram
