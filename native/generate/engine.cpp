// The loop that generates (see engine.hpp).
#include "engine.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "../core/error.hpp"

namespace engram {
namespace {

using Clock = std::chrono::steady_clock;

// Between two bunches of tokens. Each wakes the thread that takes them, which then wants a core that ggml's threads are
// spinning on: node-llama-cpp's loop, which hands over each token, generates at about half the speed on two cores
// (`bench infer`).
constexpr auto kBunch = std::chrono::milliseconds(40);

// Prompt lookup: how many of the last tokens are looked for, and how many of those that followed are tried. More costs
// more when they are wrong.
constexpr size_t kLookFor = 3, kFollow = 4;

}  // namespace

struct Engine::Answer {
  uint64_t id;
  GenerationRequest request;
  std::shared_ptr<GenerationSink> sink;

  int lane = -1;
  std::unique_ptr<Sampler> sampler;
  size_t fed = 0;              // tokens of the prompt that are computed
  std::vector<Token> pending;  // to be computed next: the last token, then guesses of what follows
  std::vector<Token> text;     // prompt and answer, where something is looked up
  int count = 0;               // tokens of the answer
  bool as_expected = true;     // all of them
  std::vector<GeneratedToken> bunch;
  Clock::time_point sent{};
  GenerationResult result{};
  bool ended = false;

  // With what its next tokens are computed; null: the context's own adapters.
  const std::vector<AdapterUse>* adapters() const {
    return request.adapters.empty() || fed < request.adapted_from ? nullptr : &request.adapters;
  }
  // As much of its prompt as may be there already: nothing that the adapters work on.
  std::span<const Token> reusable() const {
    const std::span<const Token> prompt = request.prompt;
    return request.adapters.empty() ? prompt : prompt.first(std::min(prompt.size(), request.adapted_from + 1));
  }
  // Where the next piece of its prompt ends. Whole blocks may be used again by whoever begins with the same.
  size_t piece_end(const Context& context, bool& is_block) const {
    const size_t end = std::min(request.prompt.size(), context.block_end(fed, request.prefix));
    const bool turns = !request.adapters.empty() && fed < request.adapted_from && request.adapted_from < end;
    is_block = adapters() == nullptr && !turns && end < request.prompt.size();
    return turns ? request.adapted_from : end;
  }
};

Engine::Engine(std::shared_ptr<const LanguageModel> model, const ContextOptions& options, std::shared_ptr<Cores> cores,
               std::shared_ptr<const Model> weights)
    : cores_(std::move(cores)),
      chooser_(options.threads),
      context_(Context::open(std::move(model), options, std::move(weights), interrupt_)) {
  thread_ = std::thread([this] { loop(); });
}

Engine::~Engine() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    interrupt_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

uint64_t Engine::submit(GenerationRequest request, std::shared_ptr<GenerationSink> sink) {
  auto answer = std::make_unique<Answer>();
  answer->request = std::move(request);
  answer->sink = std::move(sink);
  uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = answer->id = next_id_++;
    queue_.push_back({std::move(answer), nullptr});
  }
  wake_.notify_one();
  return id;
}

void Engine::cancel(uint64_t id) {
  {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
    interrupt_ = true;
  }
  wake_.notify_one();
}

void Engine::post(std::function<void(Context&)> action) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({nullptr, std::move(action)});
  }
  wake_.notify_one();
}

void Engine::loop() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (answers_.empty()) wake_.wait(lock, [this] { return stop_ || !queue_.empty() || !cancelled_.empty(); });
      if (stop_) break;
    }
    admit();
    if (!answers_.empty()) {
      if (!turn_) turn_.emplace(cores_, chooser_);
      step();
    }
    forget_ended();
    if (answers_.empty()) turn_.reset();
  }
  // Nobody computes any more; those who wait are told.
  for (auto& answer : answers_) finish(*answer, GenerationResult::Finish::cancelled);
  for (auto& item : queue_) {
    if (item.answer != nullptr) finish(*item.answer, GenerationResult::Finish::cancelled);
    if (item.action) item.action(*context_);
  }
}

// Takes cancelled ones out and the next ones in, in their order.
void Engine::admit() {
  std::vector<std::unique_ptr<Answer>> dropped;
  std::vector<uint64_t> cancelled;
  {
    const std::lock_guard lock(mutex_);
    cancelled.swap(cancelled_);
    interrupt_ = false;
    for (const uint64_t id : cancelled) {
      const auto is_it = [id](const Item& item) { return item.answer != nullptr && item.answer->id == id; };
      const auto at = std::find_if(queue_.begin(), queue_.end(), is_it);
      if (at == queue_.end()) continue;
      dropped.push_back(std::move(at->answer));
      queue_.erase(at);
    }
  }
  for (auto& answer : dropped) finish(*answer, GenerationResult::Finish::cancelled);
  for (auto& answer : answers_) {
    if (std::find(cancelled.begin(), cancelled.end(), answer->id) == cancelled.end()) continue;
    finish(*answer, GenerationResult::Finish::cancelled);
  }
  forget_ended();

  for (;;) {
    Item next;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) return;
      const bool fits =
          queue_.front().answer != nullptr ? answers_.size() < static_cast<size_t>(options().lanes) : answers_.empty();
      if (!fits) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    if (next.action) {
      next.action(*context_);
      continue;
    }
    // Of the free lanes the one that has most of the prompt already.
    Answer& answer = *next.answer;
    std::vector<bool> is_taken(static_cast<size_t>(options().lanes));
    for (const auto& other : answers_) is_taken[static_cast<size_t>(other->lane)] = true;
    size_t most = 0;
    for (int lane = 0; lane < options().lanes; ++lane) {
      if (is_taken[static_cast<size_t>(lane)]) continue;
      const size_t shared = context_->shared(lane, answer.reusable(), answer.request.prefix);
      if (answer.lane >= 0 && shared <= most) continue;
      answer.lane = lane;
      most = shared;
    }
    answers_.push_back(std::move(next.answer));
    try {
      answer.sampler = std::make_unique<Sampler>(context_->model(), answer.request.sampling, answer.request.prompt);
      answer.fed = context_->begin(answer.lane, answer.reusable(), answer.request.prefix);
      answer.result.reused_tokens = static_cast<int>(answer.fed);
      if (answer.request.lookup) answer.text = answer.request.prompt;
    } catch (...) {
      fail(answer, std::current_exception());
      forget_ended();
    }
  }
}

// One batch: the next token of each answer, and a block of the first prompt that is not done. Of answers with different
// adapters those that have waited longest.
void Engine::step() {
  const std::vector<AdapterUse>* const adapters = answers_.front()->adapters();
  const auto takes_part = [&](const auto& answer) {
    const std::vector<AdapterUse>* its = answer->adapters();
    return its == adapters || (its != nullptr && adapters != nullptr && *its == *adapters);
  };
  std::vector<Context::Feed> feeds;
  std::vector<std::pair<Answer*, int>> rows;  // whose logits come, from which on
  int row = 0;
  Answer* prompting = nullptr;
  std::vector<bool> waits;
  for (const auto& answer : answers_) {
    waits.push_back(!takes_part(answer));
    if (waits.back()) continue;
    const std::vector<Token>& prompt = answer->request.prompt;
    if (answer->fed == prompt.size()) {
      const int wanted = static_cast<int>(answer->pending.size());
      feeds.push_back({answer->lane, answer->pending, wanted, false, wanted - 1});
      rows.emplace_back(answer.get(), row);
      row += wanted;
    } else if (prompting == nullptr) {
      prompting = answer.get();
    }
  }
  size_t end = 0;
  std::vector<Token> piece;
  if (prompting != nullptr) {
    const std::span<const Token> prompt = prompting->request.prompt;
    bool is_block = false;
    end = prompting->piece_end(*context_, is_block);
    piece.assign(prompt.begin() + static_cast<std::ptrdiff_t>(prompting->fed),
                 prompt.begin() + static_cast<std::ptrdiff_t>(end));
    int wanted = 0;
    if (end == prompt.size()) {  // what is expected of the answer comes with it
      prompting->pending.assign(1, prompt.back());
      guess(*prompting);
      piece.insert(piece.end(), prompting->pending.begin() + 1, prompting->pending.end());
      wanted = static_cast<int>(prompting->pending.size());
      rows.emplace_back(prompting, row);
    }
    feeds.push_back({prompting->lane, piece, wanted, is_block, std::max(0, wanted - 1)});
  }
  int tokens = 0;
  for (const Context::Feed& feed : feeds) tokens += static_cast<int>(feed.tokens.size());
  try {
    context_->set_threads(turn_->threads());
    const auto begin = Clock::now();
    // What a model with a state has computed cannot be taken back.
    const double patience_ms =
        model().is_recurrent() ? std::numeric_limits<double>::infinity() : turn_->patience_ms(tokens);
    if (!context_->decode(feeds, patience_ms, adapters)) {
      // Whoever was cancelled goes; the others try again, with fewer threads if it was these that took too long.
      if (!interrupt_) turn_->gave_up();
      return;
    }
    turn_->computed(tokens, std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  } catch (...) {
    for (size_t i = 0; i < waits.size(); ++i) {
      if (!waits[i]) fail(*answers_[i], std::current_exception());
    }
    return;
  }
  if (prompting != nullptr) prompting->fed = end;
  for (const auto& [answer, first] : rows) {
    try {
      take(*answer, first);
    } catch (...) {
      fail(*answer, std::current_exception());
    }
  }
  take_turns(waits);
}

// Those that did not take part come first next time.
void Engine::take_turns(const std::vector<bool>& waits) {
  std::vector<std::unique_ptr<Answer>> next;
  for (const bool waiting : {true, false}) {
    for (size_t i = 0; i < waits.size(); ++i) {
      if (waits[i] == waiting) next.push_back(std::move(answers_[i]));
    }
  }
  answers_ = std::move(next);
}

// Chooses tokens from the logits of an answer: one, and as many more as were guessed right.
void Engine::take(Answer& answer, int first_row) {
  const GenerationRequest& request = answer.request;
  const size_t guesses = answer.pending.empty() ? 0 : answer.pending.size() - 1;
  const size_t held = context_->length(answer.lane) - guesses;  // tokens that are right for certain
  for (size_t i = 0; i <= guesses; ++i) {
    const std::span<const float> logits = context_->logits(first_row + static_cast<int>(i));
    const Token token =
        request.insists ? request.expected[static_cast<size_t>(answer.count)] : answer.sampler->next(logits.data());
    const bool ends = !request.insists && (model().llama().vocab_is_eog(model().vocabulary(), token) ||
                                           std::find(request.end_tokens.begin(), request.end_tokens.end(), token) !=
                                               request.end_tokens.end());
    if (ends) return finish(answer, GenerationResult::Finish::end);
    GeneratedToken out{token, {}};
    if (request.likeliest >= 0) out.probabilities = log_probabilities(logits, token, request.likeliest);
    answer.bunch.push_back(std::move(out));
    if (request.lookup) answer.text.push_back(token);
    const size_t at = static_cast<size_t>(answer.count);
    answer.as_expected = answer.as_expected && at < request.expected.size() && request.expected[at] == token;
    if (++answer.count >= request.max_tokens) return finish(answer, GenerationResult::Finish::length);
    const bool is_right = i < guesses && answer.pending[i + 1] == token;
    if (is_right) {
      ++answer.result.guessed_tokens;
      continue;
    }
    context_->keep(answer.lane, held + i);
    answer.pending.assign(1, token);
    break;
  }
  guess(answer);
  if (answer.count == 1 || Clock::now() - answer.sent >= kBunch) flush(answer);
}

// Adds to what is computed next what is expected, or where the last words stood before, what followed them.
void Engine::guess(Answer& answer) const {
  const size_t left = static_cast<size_t>(answer.request.max_tokens - answer.count - 1);
  const std::vector<Token>& expected = answer.request.expected;
  if (answer.as_expected) {
    const auto from = expected.begin() + answer.count;
    const size_t count = std::min({left, size_t{kGuesses}, static_cast<size_t>(expected.end() - from)});
    answer.pending.insert(answer.pending.end(), from, from + static_cast<std::ptrdiff_t>(count));
    if (count > 0) return;
  }
  const std::vector<Token>& text = answer.text;
  const size_t room = std::min(left, kFollow);
  if (!answer.request.lookup || room == 0 || text.size() <= kLookFor) return;
  const auto last = text.end() - kLookFor;
  const auto found = std::find_end(text.begin(), text.end() - 1, last, text.end());
  if (found == text.end() - 1) return;
  const auto from = found + kLookFor;
  const auto count = std::min<std::ptrdiff_t>(text.end() - from, static_cast<std::ptrdiff_t>(room));
  answer.pending.insert(answer.pending.end(), from, from + count);
}

void Engine::flush(Answer& answer) {
  answer.sent = Clock::now();
  if (answer.bunch.empty()) return;
  answer.sink->tokens(std::move(answer.bunch));
  answer.bunch.clear();
}

void Engine::finish(Answer& answer, GenerationResult::Finish how) {
  if (std::exchange(answer.ended, true)) return;
  flush(answer);
  answer.result.finish = how;
  answer.result.lane = answer.lane;
  answer.sink->finished(answer.result);
}

void Engine::fail(Answer& answer, std::exception_ptr reason) {
  if (std::exchange(answer.ended, true)) return;
  if (answer.lane >= 0) context_->clear(answer.lane);  // who knows what it holds
  answer.sink->failed(std::move(reason));
}

void Engine::forget_ended() {
  std::erase_if(answers_, [](const auto& answer) { return answer->ended; });
}

}  // namespace engram
