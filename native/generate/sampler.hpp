// Chooses the next token from a model's logits: the likeliest, or drawn by the usual settings, within a grammar if
// there is one. The samplers are llama.cpp's own; here they are put together. Not here: the logits.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "language_model.hpp"

namespace engram {

// Each default switches its setting off.
struct Sampling {
  float temperature = 0;  // 0: the likeliest token, whatever the settings below that only cut off the unlikely ones say
  int top_k = 0;
  float top_p = 1, min_p = 0, typical_p = 1;
  float xtc_probability = 0, xtc_threshold = 0.1f;
  int penalty_tokens = 64;  // the last so many tokens are penalised; -1: all
  float repeat_penalty = 1, frequency_penalty = 0, presence_penalty = 0;
  float dry_multiplier = 0, dry_base = 1.75f;
  int dry_allowed_length = 2;
  float mirostat_tau = 0, mirostat_eta = 0.1f;  // tau above 0 replaces what cuts off the unlikely ones
  uint32_t seed = 0;
  std::vector<llama_logit_bias> bias;
  std::string grammar;  // GBNF, from its rule `root`
};

struct TokenProbability {
  Token token;
  float logprob;  // natural, of the model itself: before temperature and the rest
};

class Sampler {
 public:
  // `before`: the tokens of the prompt, which penalties count too. Throws `usage` for a grammar that is none.
  Sampler(std::shared_ptr<const LanguageModel> model, const Sampling& sampling, std::span<const Token> before);

  // Chooses from the logits of one position, one for each token of the vocabulary, and takes note of the choice. Throws
  // `native` if they are no numbers, `usage` if the grammar allows none of them.
  Token next(const float* logits);

 private:
  struct Free {
    const LlamaLibrary* llama;
    void operator()(llama_sampler* sampler) const { llama->sampler_free(sampler); }
  };
  using Handle = std::unique_ptr<llama_sampler, Free>;

  Token likeliest(const float* logits) const;
  Token drawn(const float* logits, bool within_grammar);
  bool allows(Token token);

  std::shared_ptr<const LanguageModel> model_;
  Handle chain_, grammar_;  // no chain: the likeliest token
  std::vector<llama_token_data> candidates_;
};

// Log-probabilities: of `token` first, then of the `count` likeliest, in order.
std::vector<TokenProbability> log_probabilities(std::span<const float> logits, Token token, int count);

}  // namespace engram
