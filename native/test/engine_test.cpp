// The loop that generates, over the real llama.cpp and a tiny Llama: answers are reproducible whatever the cache holds,
// lanes do not disturb each other, everything can be cancelled at any moment. Not here: text, and how fast it is.
#include "engine_fixture.hpp"
#include "golden.hpp"

namespace engram {

TEST(engine_answers_alike_from_a_cold_and_a_warm_cache) {
  const auto engine = engine_of();
  const Outcome cold = run(*engine, request(prompt_of(50), 20));
  CHECK(cold.tokens.size() == 20);
  CHECK(cold.result.reused_tokens == 0);
  run(*engine, request(prompt_of(40, 1), 5));
  CHECK(run(*engine, request(prompt_of(50), 20)).ids() == cold.ids());
  const Outcome warm = run(*engine, request(prompt_of(50), 20));
  CHECK(warm.ids() == cold.ids());
  CHECK(warm.result.reused_tokens == 48);

  // What was answered is part of the next prompt, and is computed again in blocks.
  std::vector<Token> longer = prompt_of(50);
  for (const Token token : cold.ids()) longer.push_back(token);
  const Outcome next = run(*engine, request(longer, 10));
  CHECK(next.result.reused_tokens == 48);
  CHECK(next.ids() == run(*engine_of(), request(longer, 10)).ids());
}

TEST(engine_computes_together_what_is_expected) {
  const auto engine = engine_of();
  const Outcome alone = run(*engine, request(prompt_of(40), 30));
  GenerationRequest told = request(prompt_of(40), 30);
  told.expected = alone.ids();
  const Outcome right = run(*engine, told);
  CHECK(right.ids() == alone.ids());
  CHECK(right.result.guessed_tokens == 28);  // all but those after a piece of 16 and the rest

  told.expected[5] = told.expected[5] == 11 ? 12 : 11;
  const Outcome wrong = run(*engine, told);
  CHECK(wrong.ids() == alone.ids());
  CHECK(wrong.result.guessed_tokens == 5);
  told.expected = alone.ids();
  told.max_tokens = 9;
  CHECK(run(*engine, told).tokens.size() == 9);
}

TEST(engine_adapts_from_a_token_on) {
  const auto model = tiny();
  const auto adapter = std::make_shared<const LoadedAdapter>(model, fixtures::path("tiny-tied.adapter.gguf"));
  const auto engine =
      std::make_unique<Engine>(model, ContextOptions{kContext, 2, kBlock, 1}, std::make_shared<Cores>(1));
  const auto adapted = [&](int seed, size_t from, float scale = 1) {
    GenerationRequest out = request(prompt_of(50, seed), 12);
    out.adapters = {{adapter, scale}};
    out.adapted_from = from;
    return out;
  };
  const auto base = run(*engine, request(prompt_of(50), 12)).ids();
  const Outcome late = run(*engine, adapted(0, 47));
  CHECK(late.result.reused_tokens == 32);  // the block in which it begins is computed in two pieces
  const auto ids = late.ids(), early = run(*engine, adapted(0, 0)).ids();
  CHECK(ids != base && ids != early && early != base);
  // Nothing of it stays: neither for the base model nor for the next time.
  CHECK(run(*engine, request(prompt_of(50), 12)).ids() == base);
  CHECK(run(*engine, adapted(0, 47)).ids() == ids);

  // A longer conversation leaves whole blocks beyond the place from which the adapter works.
  std::vector<Token> longer = prompt_of(50);
  longer.resize(70, 11);
  run(*engine, request(longer, 3));
  CHECK(run(*engine, adapted(0, 47)).ids() == ids);

  // From the start it is what a context with this adapter answers.
  Engine own(model, ContextOptions{kContext, 1, kBlock, 1}, std::make_shared<Cores>(1));
  own.post([&](Context& context) { context.use({{adapter, 1}}); });
  CHECK(run(own, request(prompt_of(50), 12)).ids() == early);

  // Answers with other adapters at the same time take turns.
  const auto half = run(*engine, adapted(1, 40, 0.5f)).ids();
  std::vector<std::shared_ptr<Collector>> sinks;
  std::vector<std::future<Outcome>> answers;
  const std::vector<GenerationRequest> requests{adapted(0, 47), adapted(1, 40, 0.5f), request(prompt_of(50), 12)};
  for (const GenerationRequest& one : requests) {
    sinks.push_back(std::make_shared<Collector>());
    answers.push_back(sinks.back()->done.get_future());
    engine->submit(one, sinks.back());
  }
  CHECK(answers[0].get().ids() == ids);
  CHECK(answers[1].get().ids() == half);
  CHECK(answers[2].get().ids() == base);
}

// What an adapter is trained on is what it then answers with.
TEST(engine_and_trainer_agree_on_where_the_adapter_works) {
  const auto model = tiny();
  Engine engine(model, ContextOptions{kContext, 1, kBlock, 1}, std::make_shared<Cores>(1));
  GenerationRequest asked = request(prompt_of(30), 10);
  const std::string path = fixtures::path("tiny-tied.adapter.gguf");
  asked.adapters = {{std::make_shared<const LoadedAdapter>(model, path), 1}};
  asked.adapted_from = 26;
  const auto answer = run(engine, asked).ids();
  CHECK(answer.size() == 10);

  const golden::Values values("tiny-tied");
  Trainer trainer(golden::model("tiny-tied"), values.lora(), {}, 1);
  trainer.load(path);
  const auto correct = [&](int64_t from) {
    Example example{asked.prompt, std::vector<float>(30, 0), {}, from};
    example.tokens.insert(example.tokens.end(), answer.begin(), answer.end());
    example.weights.resize(40, 1);
    return trainer.evaluate({{trainer.add(example)}}).examples[0].correct;
  };
  CHECK(correct(26) == 10);
  CHECK(correct(0) < 10);
}

TEST(engine_uses_a_prefix_again) {
  const auto with_prefix = [](std::vector<Token> prompt, size_t prefix) {
    GenerationRequest out = request(std::move(prompt), 10);
    out.prefix = prefix;
    return out;
  };
  std::vector<Token> one = prompt_of(21), other = one;
  for (const Token token : prompt_of(30, 1)) one.push_back(token);
  for (const Token token : prompt_of(40, 2)) other.push_back(token);
  const auto engine = engine_of();
  run(*engine, with_prefix(one, 21));
  const Outcome warm = run(*engine, with_prefix(other, 21));
  CHECK(warm.result.reused_tokens == 21);
  CHECK(warm.ids() == run(*engine_of(), with_prefix(other, 21)).ids());
  CHECK(run(*engine, with_prefix(other, 21)).result.reused_tokens == 53);  // and two blocks more
  CHECK(run(*engine, with_prefix(other, 20)).result.reused_tokens == 16);  // blocks in other places
}

TEST(engine_gives_log_probabilities) {
  GenerationRequest with = request(prompt_of(20), 3);
  with.likeliest = 4;
  for (const GeneratedToken& token : run(*engine_of(), with).tokens) {
    CHECK(token.probabilities.size() == 5);
    CHECK(token.probabilities[0].token == token.token);
    CHECK(token.probabilities[1].token == token.token);  // the likeliest
    for (size_t i = 2; i < 5; ++i) CHECK(token.probabilities[i].logprob <= token.probabilities[i - 1].logprob);
    CHECK(token.probabilities[0].logprob < 0);
  }
}

TEST(engine_samples_by_seed) {
  const auto engine = engine_of();
  GenerationRequest given = request(prompt_of(20), 16);
  given.sampling.temperature = 2;
  given.sampling.seed = 7;
  const std::vector<Token> first = run(*engine, given).ids();
  CHECK(run(*engine, given).ids() == first);
  given.sampling.seed = 8;
  CHECK(run(*engine, given).ids() != first);
}

TEST(engine_forbids_and_penalises_tokens) {
  const auto engine = engine_of();
  const std::vector<Token> free = run(*engine, request(prompt_of(20), 8)).ids();
  GenerationRequest given = request(prompt_of(20), 8);
  given.sampling.bias.push_back({free[0], -3e38f});
  const std::vector<Token> without = run(*engine, given).ids();
  CHECK(std::find(without.begin(), without.end(), free[0]) == without.end());
  given = request(prompt_of(20), 30);
  given.sampling.presence_penalty = 1000;
  std::vector<Token> all = run(*engine, given).ids();
  std::sort(all.begin(), all.end());
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST(engine_guesses_right_without_changing_the_answer) {
  const auto engine = engine_of();
  const Outcome plain = run(*engine, request(prompt_of(60), 60));
  GenerationRequest given = request(prompt_of(60), 60);
  given.lookup = true;
  const Outcome guessed = run(*engine, given);
  CHECK(guessed.ids() == plain.ids());
  CHECK(plain.result.guessed_tokens == 0);
  // And goes on from a cache without leftovers of wrong guesses.
  CHECK(run(*engine, request(prompt_of(60), 60)).ids() == plain.ids());
}

TEST(engine_tells_how_likely_a_given_answer_is) {
  const auto engine = engine_of();
  GenerationRequest free = request(prompt_of(50), 20);
  free.likeliest = 0;
  const Outcome said = run(*engine, free);
  GenerationRequest given = free;
  given.expected = said.ids();
  given.insists = true;
  const Outcome scored = run(*engine, given);
  CHECK(scored.ids() == said.ids());
  CHECK(scored.result.finish == GenerationResult::Finish::length);
  for (size_t i = 0; i < 20; ++i) {
    CHECK_NEAR(scored.tokens[i].probabilities[0].logprob, said.tokens[i].probabilities[0].logprob, 1e-3);
  }
  // Whatever the model would say, end tokens too.
  given.expected[7] = (given.expected[7] + 1) % 80;
  given.end_tokens = {given.expected[7]};
  const Outcome other = run(*engine, given);
  CHECK(other.ids() == given.expected);
  CHECK(other.tokens[7].probabilities[0].token == given.expected[7]);
  CHECK(other.tokens[7].probabilities[0].logprob < scored.tokens[7].probabilities[0].logprob);
  // And leaves nothing behind.
  CHECK(run(*engine, request(prompt_of(50), 20)).ids() == said.ids());
}

TEST(engine_refuses_a_broken_grammar_and_answers_on) {
  const auto engine = engine_of();
  GenerationRequest given = request(prompt_of(20), 5);
  given.sampling.grammar = "root ::= (((";
  CHECK(run(*engine, given).error == "usage");
  CHECK(run(*engine, request(prompt_of(20), 5)).tokens.size() == 5);
}

TEST(engine_lanes_do_not_disturb_each_other) {
  const auto alone = engine_of();
  const auto together = engine_of(3);
  std::vector<std::shared_ptr<Collector>> sinks;
  for (int i = 0; i < 7; ++i) {
    sinks.push_back(std::make_shared<Collector>());
    together->submit(request(prompt_of(30 + 5 * i, i), 20), sinks.back());
  }
  for (int i = 0; i < 7; ++i) {
    const Outcome outcome = sinks[static_cast<size_t>(i)]->done.get_future().get();
    CHECK(outcome.error == "");
    CHECK(outcome.ids() == run(*alone, request(prompt_of(30 + 5 * i, i), 20)).ids());
  }
}

TEST(engine_cancels_one_answer_and_not_the_others) {
  const auto engine = engine_of(2);
  const auto one = std::make_shared<Collector>(), other = std::make_shared<Collector>(),
             waiting = std::make_shared<Collector>();
  const uint64_t id = engine->submit(request(prompt_of(20), 200), one);
  engine->submit(request(prompt_of(20, 1), 100), other);
  const uint64_t later = engine->submit(request(prompt_of(20, 2), 100), waiting);
  one->first.get_future().get();
  engine->cancel(later);
  engine->cancel(id);
  engine->cancel(12345);
  const Outcome cancelled = one->done.get_future().get();
  CHECK(cancelled.result.finish == GenerationResult::Finish::cancelled);
  CHECK(cancelled.tokens.size() < 200);
  CHECK(waiting->done.get_future().get().tokens.size() == 0);
  CHECK(other->done.get_future().get().tokens.size() == 100);
  CHECK(run(*engine, request(prompt_of(20), 10)).tokens.size() == 10);
}

TEST(engine_ends_while_it_computes) {
  for (int i = 0; i < 5; ++i) {
    auto engine = engine_of();
    const auto running = std::make_shared<Collector>(), waiting = std::make_shared<Collector>();
    engine->submit(request(prompt_of(50), 200), running);
    engine->submit(request(prompt_of(50), 200), waiting);
    if (i > 0) running->first.get_future().get();
    engine.reset();
    CHECK(running->done.get_future().get().result.finish == GenerationResult::Finish::cancelled);
    CHECK(waiting->done.get_future().get().result.finish == GenerationResult::Finish::cancelled);
  }
}

TEST(engine_saves_and_restores_a_lane) {
  const auto engine = engine_of();
  const Outcome before = run(*engine, request(prompt_of(50), 20));
  std::vector<Token> tokens;
  std::vector<uint8_t> state;
  std::promise<void> saved;
  engine->post([&](Context& context) {
    tokens.assign(context.whole(0).begin(), context.whole(0).end());
    state = context.save(0);
    saved.set_value();
  });
  saved.get_future().get();
  CHECK(tokens.size() == 48);

  const auto other = engine_of();
  std::promise<std::string> restored;
  other->post([&](Context& context) {
    std::string code;
    try {
      context.restore(0, tokens, 0, std::span(state).first(state.size() / 2));
    } catch (const Error& error) {
      code = error.code;
    }
    context.restore(0, tokens, 0, state);
    restored.set_value(code);
  });
  CHECK(restored.get_future().get() == "corrupt");
  const Outcome after = run(*other, request(prompt_of(50), 20));
  CHECK(after.result.reused_tokens == 48);
  CHECK(after.ids() == before.ids());
}

TEST(engine_uses_an_adapter_and_lets_go_of_it) {
  const auto model = tiny();
  Engine engine(model, ContextOptions{kContext, 1, kBlock, 1}, std::make_shared<Cores>(1));
  const auto answer = [&] { return run(engine, request(prompt_of(40), 20)).ids(); };
  const auto use = [&](std::vector<AdapterUse> adapters) {
    std::promise<void> done;
    engine.post([&](Context& context) {
      context.use(adapters);
      done.set_value();
    });
    done.get_future().get();
  };
  const std::vector<Token> base = answer();
  auto adapter = std::make_shared<const LoadedAdapter>(model, fixtures::path("tiny-tied.adapter.gguf"));
  const std::weak_ptr<const LoadedAdapter> watched = adapter;
  use({{std::move(adapter), 1}});
  CHECK(answer() != base);
  use({});
  CHECK(watched.expired());
  CHECK(answer() == base);
  CHECK_THROWS_CODE(LoadedAdapter(model, fixtures::path("tiny-tied.gguf")), "mismatch");
}

}  // namespace engram
