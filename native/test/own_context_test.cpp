// Contexts that our own kernels compute, beside the real llama.cpp's: the same logits, with adapters and without,
// whatever tokens come together; and which of the two an engine uses. Not here: how fast they are.
#include "../generate/own_context.hpp"

#include "../generate/llama_context.hpp"
#include "engine_fixture.hpp"
#include "gemm/int8.hpp"
#include "golden.hpp"

namespace engram {
namespace {

using Tokens = std::vector<Token>;
using Feed = Context::Feed;

const std::atomic<bool> kNever{false};
const ContextOptions kTwoLanes{kContext, 2, kBlock, 2};

std::shared_ptr<const Model> bytes_of(const std::string& name) {
  LoadOptions options;
  options.precision = Precision::int8;
  return Model::load(fixtures::path(name + ".gguf"), fixtures::ggml_library(), options);
}

// Feeds a lane with tokens, pieces of some length; the logits of all.
std::vector<float> logits_of(Context& context, const Tokens& tokens, size_t piece, int lane = 0,
                             const std::vector<AdapterUse>* adapters = nullptr) {
  std::vector<float> out;
  for (size_t at = 0; at < tokens.size(); at += piece) {
    const auto some = std::span(tokens).subspan(at, std::min(piece, tokens.size() - at));
    const Feed feed{lane, some, static_cast<int>(some.size()), false};
    CHECK(context.decode({{feed}}, std::numeric_limits<double>::infinity(), adapters));
    for (int i = 0; i < feed.wanted; ++i) {
      const std::span<const float> row = context.logits(i);
      out.insert(out.end(), row.begin(), row.end());
    }
  }
  return out;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  CHECK(a.size() == b.size());
  double out = 0;
  for (size_t i = 0; i < a.size(); ++i) out = std::max(out, std::abs(double{a[i]} - double{b[i]}));
  return out;
}

std::string code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code;
  }
  return "";
}

bool has_whole_bytes() { return kernels::int8_table(best_isa()).most == 127; }

}  // namespace

// Long enough for sliding windows; in pieces that look back one by one and in one that is products of matrices.
TEST(own_context_computes_what_llama_cpp_does) {
  for (const char* name : {"tiny-tied", "tiny-biased", "tiny-smollm3", "tiny-qwen2", "tiny-qwen3", "tiny-phi3",
                           "tiny-gemma2", "tiny-gemma3"}) {
    const auto model = tiny(name);
    LlamaContext theirs(model, {kContext, 1, 64, 1}, kNever);
    OwnContext ours(model, kTwoLanes, golden::model(name), kNever);
    CHECK(ours.agrees_with_llama());
    const Tokens tokens = prompt_of(45);
    const std::vector<float> expected = logits_of(theirs, tokens, 45);
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{45}}) {
      ours.clear(0);
      const double apart = largest_difference(logits_of(ours, tokens, piece), expected);
      if (apart > 2e-2) std::fprintf(stderr, "%s, pieces of %zu: %g apart\n", name, piece, apart);
      CHECK(apart <= 2e-2);
    }
  }
}

TEST(own_context_adapts_as_llama_cpp_does) {
  const auto model = tiny();
  const auto adapter = std::make_shared<const LoadedAdapter>(model, fixtures::path("tiny-tied.adapter.gguf"));
  const auto again = std::make_shared<const LoadedAdapter>(model, fixtures::path("tiny-tied.adapter.gguf"));
  LlamaContext theirs(model, {kContext, 1, 64, 1}, kNever);
  OwnContext ours(model, kTwoLanes, golden::model("tiny-tied"), kNever);
  const Tokens tokens = prompt_of(20);
  const std::vector<float> plain = logits_of(ours, tokens, 20);
  using Uses = std::vector<AdapterUse>;
  for (const Uses& uses : {Uses{{adapter, 1}}, Uses{{adapter, -0.5f}}, Uses{{adapter, 0.75f}, {again, 0.5f}}}) {
    ours.use(uses);
    theirs.use(uses);
    const std::vector<float> found = logits_of(ours, tokens, 20);
    CHECK(largest_difference(found, logits_of(theirs, tokens, 20)) <= 2e-2);
    CHECK(largest_difference(found, plain) > 0.1);
    // For some tokens only, over a context without.
    ours.use({});
    CHECK(logits_of(ours, tokens, 20, 0, &uses) == found);
  }
  CHECK(logits_of(ours, tokens, 20, 1) == plain);
}

TEST(llama_cpp_reads_adapters_of_f16) {
  const golden::TemporaryFolder folder;
  for (const char* name : {"tiny-tied", "tiny-phi3"}) {
    const golden::Values values(name);
    const auto trainer = golden::trainer(name, values);
    trainer->save(folder.file("adapter.gguf"), AdapterType::f16);
    trainer->load(folder.file("adapter.gguf"));
    const auto model = tiny(name);
    LlamaContext theirs(model, {kContext, 1, 64, 1}, kNever);
    theirs.use({{std::make_shared<const LoadedAdapter>(model, folder.file("adapter.gguf")), 1}});
    const Tokens tokens = prompt_of(20);
    CHECK(largest_difference(logits_of(theirs, tokens, 20), trainer->logits({tokens.begin(), tokens.end()})) <= 2e-2);
  }
}

TEST(own_context_splits_adapters_of_matrices_that_are_one) {
  const golden::TemporaryFolder folder;
  const golden::Values values("tiny-phi3");
  golden::trainer("tiny-phi3", values)->save(folder.file("adapter.gguf"));
  const auto model = tiny("tiny-phi3");
  const auto adapter = std::make_shared<const LoadedAdapter>(model, folder.file("adapter.gguf"));
  LlamaContext theirs(model, {kContext, 1, 64, 1}, kNever);
  OwnContext ours(model, kTwoLanes, golden::model("tiny-phi3"), kNever);
  ours.use({{adapter, 1}});
  theirs.use({{adapter, 1}});
  CHECK(largest_difference(logits_of(ours, prompt_of(20), 20), logits_of(theirs, prompt_of(20), 20)) <= 2e-2);
}

// What a token gives depends neither on which come with it, nor on the lane beside it, nor on the threads.
TEST(own_context_computes_a_token_the_same_in_any_company) {
  OwnContext context(tiny(), kTwoLanes, bytes_of("tiny-tied"), kNever);
  const Tokens tokens = prompt_of(40), others = prompt_of(40, 3);
  const std::vector<float> alone = logits_of(context, tokens, 1);
  context.clear(0);
  CHECK(logits_of(context, tokens, 5) == alone);
  context.clear(0);
  std::vector<float> beside;
  for (size_t i = 0; i < tokens.size(); ++i) {
    context.set_threads(1 + static_cast<int>(i % 2));
    const Feed both[] = {{1, std::span(others).subspan(i, 1), 0, false},
                         {0, std::span(tokens).subspan(i, 1), 1, false}};
    CHECK(context.decode(both));
    const std::span<const float> row = context.logits(0);
    beside.insert(beside.end(), row.begin(), row.end());
  }
  CHECK(beside == alone);
  CHECK(context.length(0) == 40 && context.length(1) == 40);
}

// Guesses come with the last piece of a prompt. Neither what is before them nor they themselves may show it.
TEST(own_context_computes_guesses_as_if_one_by_one) {
  OwnContext context(tiny(), {kContext, 1, 128, 2}, bytes_of("tiny-tied"), kNever);
  const Tokens tokens = prompt_of(150);
  bool would_show = false;
  for (const int before : {0, 30, 100}) {
    for (const int certain : {1, 12, 24, 25, 40}) {
      const auto decode = [&](int first, int count, int wanted, int guesses) {
        const Feed feed{0, std::span(tokens).subspan(static_cast<size_t>(first), static_cast<size_t>(count)), wanted,
                        false, guesses};
        CHECK(context.decode({{feed}}));
        std::vector<float> out;
        for (int i = 0; i < wanted; ++i) {
          const std::span<const float> row = context.logits(i);
          out.insert(out.end(), row.begin(), row.end());
        }
        return out;
      };
      context.clear(0);
      if (before > 0) decode(0, before, 0, 0);
      std::vector<float> alone = decode(before, certain, 1, 0);
      for (int i = 0; i < 10; ++i) {
        const std::vector<float> row = decode(before + certain + i, 1, 1, 0);
        alone.insert(alone.end(), row.begin(), row.end());
      }
      context.keep(0, static_cast<size_t>(before));
      CHECK(decode(before, certain + 10, 11, 10) == alone);
      CHECK(context.length(0) == static_cast<size_t>(before + certain + 10));
      context.keep(0, static_cast<size_t>(before));
      would_show = would_show || decode(before, certain + 10, 11, 0) != alone;
    }
  }
  CHECK(would_show);  // where nobody says that they are guesses
}

TEST(own_context_answers_alike_whatever_is_expected) {
  if (!has_whole_bytes()) return;
  Engine engine(tiny(), ContextOptions{kContext, 1, 128, 2}, std::make_shared<Cores>(2), bytes_of("tiny-tied"));
  CHECK(engine.computes() == Computes::own);
  for (const int length : {5, 12, 20, 30, 128, 140, 150, 165}) {
    GenerationRequest asked = request(prompt_of(length, length), 24);
    asked.likeliest = 3;
    const Outcome plain = run(engine, asked);
    const auto is_same = [&](const GenerationRequest& given) {
      const Outcome found = run(engine, given);
      CHECK(found.ids() == plain.ids());
      CHECK(found.result.guessed_tokens > 0);
      for (size_t i = 0; i < plain.tokens.size(); ++i) {
        const auto &a = found.tokens[i].probabilities, &b = plain.tokens[i].probabilities;
        CHECK(a.size() == b.size());
        for (size_t k = 0; k < a.size(); ++k) CHECK(a[k].token == b[k].token && a[k].logprob == b[k].logprob);
      }
    };
    GenerationRequest told = asked;
    told.expected = plain.ids();
    is_same(told);
    told.insists = true;
    is_same(told);
    told.insists = false;
    told.expected[9] = told.expected[9] == 11 ? 12 : 11;
    is_same(told);
  }
}

TEST(own_context_takes_back_what_was_stopped) {
  std::atomic<bool> stop{false};
  OwnContext context(tiny(), kTwoLanes, golden::model("tiny-tied"), stop);
  const std::vector<float> whole = logits_of(context, prompt_of(30), 10);
  context.clear(0);
  const Tokens tokens = prompt_of(30);
  logits_of(context, {tokens.begin(), tokens.begin() + 10}, 10);
  stop = true;
  const Feed feed{0, std::span(tokens).subspan(10, 10), 1, false};
  CHECK(!context.decode({{feed}}));
  CHECK(context.length(0) == 10);
  stop = false;
  const std::vector<float> rest = logits_of(context, {tokens.begin() + 10, tokens.end()}, 10);
  CHECK(std::equal(rest.begin(), rest.end(), whole.end() - static_cast<std::ptrdiff_t>(rest.size())));
}

TEST(own_context_saves_and_restores_a_lane) {
  OwnContext context(tiny(), kTwoLanes, golden::model("tiny-tied"), kNever);
  const Tokens tokens = prompt_of(2 * kBlock);
  for (int block = 0; block < 2; ++block) {
    CHECK(context.decode({{{0, std::span(tokens).subspan(static_cast<size_t>(block * kBlock), kBlock), 0, true}}}));
  }
  const std::vector<uint8_t> state = context.save(0);
  CHECK(context.whole(0).size() == 2 * kBlock);
  const std::vector<float> next = logits_of(context, {5}, 1);
  context.restore(1, tokens, 0, state);
  CHECK(logits_of(context, {5}, 1, 1) == next);
  for (size_t length = 0; length < state.size(); length += 97) {
    CHECK(code_of([&] { context.restore(1, tokens, 0, std::span(state).first(length)); }) == "corrupt");
    CHECK(context.length(1) == 0);
  }
  std::vector<uint8_t> other = state;
  other[4] ^= 1;  // of another number of layers
  CHECK(code_of([&] { context.restore(1, tokens, 0, other); }) == "corrupt");
}

TEST(own_context_is_used_for_several_answers_whatever_the_precision) {
  const auto suits = [](int lanes) {
    return OwnContext::suits(*tiny(), {.size = kContext, .lanes = lanes, .threads = 2}, *golden::model("tiny-tied"));
  };
  CHECK(suits(4));
  CHECK(!suits(1));
}

TEST(own_context_is_used_where_it_suits) {
  if (!has_whole_bytes()) return;
  const auto engine = [&](const std::string& name, std::shared_ptr<const Model> weights, int threads) {
    return std::make_unique<Engine>(tiny(name), ContextOptions{kContext, 1, kBlock, threads},
                                    std::make_shared<Cores>(threads), std::move(weights));
  };
  CHECK(engine("tiny-gemma3", bytes_of("tiny-gemma3"), 2)->computes() == Computes::own);
  CHECK(engine("tiny-tied", golden::model("tiny-tied"), 1)->computes() == Computes::prompts);  // no bytes
  CHECK(engine("tiny-tied", bytes_of("tiny-biased"), 1)->computes() == Computes::llama);       // another model
  CHECK(!OwnContext::suits(*tiny(), {.size = kContext, .threads = 16}, *bytes_of("tiny-tied")));

  const auto ours = engine("tiny-tied", bytes_of("tiny-tied"), 2);
  const Outcome cold = run(*ours, request(prompt_of(50), 20)), warm = run(*ours, request(prompt_of(50), 20));
  CHECK(cold.result.reused_tokens == 0 && warm.result.reused_tokens == 48);
  CHECK(cold.ids().size() == 20 && warm.ids() == cold.ids());
  GenerationRequest told = request(prompt_of(50), 20);
  told.expected = cold.ids();
  const Outcome right = run(*ours, told);
  CHECK(right.ids() == cold.ids());
  CHECK(right.result.guessed_tokens >= 18);
}

}  // namespace engram
