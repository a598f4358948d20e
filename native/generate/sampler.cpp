// Puts llama.cpp's samplers together (see sampler.hpp).
#include "sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../core/error.hpp"

namespace engram {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
constexpr const char* kDryBreakers[] = {"\n", ":", "\"", "*"};  // as in llama.cpp's own programs

[[noreturn]] void no_token() {
  throw Error("native", "The model's answer is no numbers, so no token can be chosen.",
              "The model or its adapter may be broken.");
}

}  // namespace

Sampler::Sampler(std::shared_ptr<const LanguageModel> model, const Sampling& s, std::span<const Token> before)
    : model_(std::move(model)), chain_(nullptr, Free{&model_->llama()}), grammar_(nullptr, Free{&model_->llama()}) {
  const LlamaLibrary& llama = model_->llama();
  if (!s.grammar.empty()) {
    grammar_.reset(llama.sampler_init_grammar(model_->vocabulary(), s.grammar.c_str(), "root"));
    if (grammar_ == nullptr) {
      throw Error("usage", "The grammar cannot be read.", "It must be GBNF with a rule `root`.");
    }
  }
  const int vocabulary = model_->vocabulary_size();
  const bool penalises =
      s.penalty_tokens != 0 && (s.repeat_penalty != 1 || s.frequency_penalty != 0 || s.presence_penalty != 0);
  const bool is_dry = s.dry_multiplier > 0;
  if (s.temperature == 0 && s.bias.empty() && !penalises && !is_dry) return;

  chain_.reset(llama.sampler_chain_init(llama.sampler_chain_default_params()));
  const auto add = [&](llama_sampler* sampler) { llama.sampler_chain_add(chain_.get(), sampler); };
  const int last = s.penalty_tokens < 0 ? std::numeric_limits<int>::max() / 2 : s.penalty_tokens;
  if (!s.bias.empty()) add(llama.sampler_init_logit_bias(vocabulary, static_cast<int>(s.bias.size()), s.bias.data()));
  if (penalises) {
    const int window = std::min(last, llama.model_n_ctx_train(model_->get()));
    add(llama.sampler_init_penalties(vocabulary, window, s.repeat_penalty, s.frequency_penalty, s.presence_penalty));
  }
  if (is_dry) {
    const int window = std::min(last, llama.model_n_ctx_train(model_->get()));
    const char* breakers[std::size(kDryBreakers)];
    std::copy(std::begin(kDryBreakers), std::end(kDryBreakers), breakers);
    add(llama.sampler_init_dry(model_->vocabulary(), s.dry_multiplier, s.dry_base, s.dry_allowed_length, window,
                               breakers, std::size(breakers)));
  }
  if (s.temperature == 0) {
    add(llama.sampler_init_greedy());
  } else if (s.mirostat_tau > 0) {
    add(llama.sampler_init_temp_ext(s.temperature, 0, 1));
    add(llama.sampler_init_mirostat_v2(s.seed, s.mirostat_tau, s.mirostat_eta));
  } else {
    if (s.top_k > 0) add(llama.sampler_init_top_k(s.top_k));
    if (s.typical_p < 1) add(llama.sampler_init_typical(s.typical_p, 1));
    if (s.top_p < 1) add(llama.sampler_init_top_p(s.top_p, 1));
    if (s.min_p > 0) add(llama.sampler_init_min_p(s.min_p, 1));
    if (s.xtc_probability > 0) add(llama.sampler_init_xtc(s.xtc_probability, s.xtc_threshold, 1, s.seed));
    add(llama.sampler_init_temp_ext(s.temperature, 0, 1));
    add(llama.sampler_init_dist(s.seed));
  }
  const size_t seen = static_cast<size_t>(std::min<int64_t>(last, static_cast<int64_t>(before.size())));
  if (penalises || is_dry) {
    for (const Token token : before.last(seen)) llama.sampler_accept(chain_.get(), token);
  }
}

Token Sampler::next(const float* logits) {
  Token token = chain_ == nullptr ? likeliest(logits) : drawn(logits, false);
  // Trying one token costs nothing, holding the whole vocabulary against a grammar does.
  if (grammar_ != nullptr && !allows(token)) token = drawn(logits, true);
  if (chain_ != nullptr) model_->llama().sampler_accept(chain_.get(), token);
  if (grammar_ != nullptr) model_->llama().sampler_accept(grammar_.get(), token);
  return token;
}

Token Sampler::likeliest(const float* logits) const {
  const int size = model_->vocabulary_size();
  Token best = -1;
  float most = kMinusInfinity;
  for (Token token = 0; token < size; ++token) {
    if (logits[token] > most) {
      most = logits[token];
      best = token;
    }
  }
  if (best < 0 || !std::isfinite(most)) no_token();
  return best;
}

Token Sampler::drawn(const float* logits, bool within_grammar) {
  const int size = model_->vocabulary_size();
  candidates_.resize(static_cast<size_t>(size));
  for (Token token = 0; token < size; ++token) {
    if (std::isnan(logits[token])) no_token();
    candidates_[static_cast<size_t>(token)] = {token, logits[token], 0};
  }
  llama_token_data_array array{candidates_.data(), candidates_.size(), -1, false};
  const LlamaLibrary& llama = model_->llama();
  if (within_grammar) {
    llama.sampler_apply(grammar_.get(), &array);
    // A sampler that finds nothing possible would choose something impossible.
    const auto end = std::remove_if(array.data, array.data + array.size,
                                    [](const llama_token_data& c) { return c.logit == kMinusInfinity; });
    array.size = static_cast<size_t>(end - array.data);
    if (array.size == 0) throw Error("usage", "The grammar allows no token here.", "It may be a grammar with no end.");
  }
  if (chain_ == nullptr) {
    return std::max_element(array.data, array.data + array.size,
                            [](const auto& a, const auto& b) { return a.logit < b.logit; })
        ->id;
  }
  llama.sampler_apply(chain_.get(), &array);
  if (array.selected < 0 || static_cast<size_t>(array.selected) >= array.size) no_token();
  return array.data[array.selected].id;
}

bool Sampler::allows(Token token) {
  llama_token_data one{token, 1, 0};
  llama_token_data_array array{&one, 1, -1, false};
  model_->llama().sampler_apply(grammar_.get(), &array);
  return one.logit != kMinusInfinity;
}

std::vector<TokenProbability> log_probabilities(std::span<const float> logits, Token token, int count) {
  const float most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - most);
  const double log_sum = most + std::log(sum);
  const auto of = [&](Token t) {
    return TokenProbability{t, static_cast<float>(logits[static_cast<size_t>(t)] - log_sum)};
  };
  std::vector<TokenProbability> out{of(token)};
  std::vector<Token> order(logits.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<Token>(i);
  const auto end = order.begin() + std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(order.size()));
  std::partial_sort(order.begin(), end, order.end(),
                    [&](Token a, Token b) { return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)]; });
  for (auto at = order.begin(); at != end; ++at) out.push_back(of(*at));
  return out;
}

}  // namespace engram
