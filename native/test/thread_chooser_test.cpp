// The chooser on simulated machines: what a token takes with each thread count, beside which neighbours. No clock.
#include "thread_chooser.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "check.hpp"

using engram::ThreadChooser;

namespace {

// Generates `tokens`; abandons what takes too long, as a generator does. Returns tokens per second.
double speed(ThreadChooser& chooser, int tokens, const std::function<double(int threads)>& ms_of) {
  double total = 0;
  for (int i = 0; i < tokens;) {
    const double ms = ms_of(chooser.threads()), patience = chooser.patience_ms(1);
    total += std::min(ms, patience);
    if (ms > patience) {
      chooser.gave_up();
    } else {
      chooser.computed(1, ms);
      i++;
    }
  }
  return 1000.0 * tokens / total;
}

// Two cores as measured (see thread_chooser.hpp): quiet, and with a process that holds one of them.
double quiet(int threads) { return threads == 1 ? 12 : 7.2; }
double beside_neighbour(int threads) { return threads == 1 ? 12.5 : 70; }

}  // namespace

TEST(thread_chooser_keeps_every_core_of_a_quiet_machine) {
  ThreadChooser chooser(2);
  CHECK(speed(chooser, 128, quiet) > 0.96 * 1000 / quiet(2));
  CHECK(speed(chooser, 2000, quiet) > 0.99 * 1000 / quiet(2));
  CHECK(chooser.threads() == 2);
}

// Guesses that are computed together, now and then, say nothing about single tokens.
TEST(thread_chooser_compares_like_with_like) {
  ThreadChooser chooser(2);
  for (int i = 0; i < 200; i++) {
    chooser.computed(5, 5 * quiet(chooser.threads()));
    chooser.computed(1, quiet(chooser.threads()));
    CHECK(chooser.patience_ms(5) > 5 * quiet(2));
  }
  CHECK(speed(chooser, 500, quiet) > 0.98 * 1000 / quiet(2));
  // Where they are the rule, they are compared with each other.
  for (int i = 0; i < 200; i++) chooser.computed(5, 5 * beside_neighbour(chooser.threads()));
  CHECK(chooser.threads() == 1);
}

TEST(thread_chooser_leaves_a_core_to_a_neighbour) {
  ThreadChooser chooser(2);
  speed(chooser, 100, quiet);
  CHECK(speed(chooser, 128, beside_neighbour) > 0.93 * 1000 / beside_neighbour(1));
  CHECK(speed(chooser, 2000, beside_neighbour) > 0.97 * 1000 / beside_neighbour(1));
  CHECK(chooser.threads() == 1);
}

TEST(thread_chooser_takes_the_core_back_when_the_neighbour_has_gone) {
  ThreadChooser chooser(2);
  speed(chooser, 100, quiet);
  speed(chooser, 3000, beside_neighbour);
  speed(chooser, 2000, quiet);
  CHECK(chooser.threads() == 2);
}

TEST(thread_chooser_takes_it_back_at_once_when_it_is_told) {
  ThreadChooser chooser(2);
  chooser.others_take(1);
  CHECK(chooser.threads() == 1);
  speed(chooser, 3000, beside_neighbour);
  chooser.others_take(0.1);
  CHECK(chooser.threads() == 2);
  CHECK(speed(chooser, 128, quiet) > 0.95 * 1000 / quiet(2));
}

// A neighbour of low priority takes much and hinders little.
TEST(thread_chooser_believes_tokens_rather_than_what_others_take) {
  ThreadChooser chooser(2);
  chooser.others_take(1.5);
  CHECK(speed(chooser, 128, quiet) > 0.9 * 1000 / quiet(2));
  CHECK(chooser.threads() == 2);
  chooser.others_take(1.3);  // little has changed
  CHECK(chooser.threads() == 2);
}

TEST(thread_chooser_abandons_a_token_that_does_not_end) {
  ThreadChooser chooser(2);
  CHECK(std::isinf(chooser.patience_ms(1)));
  speed(chooser, 20, quiet);
  CHECK(chooser.patience_ms(1) < 60);
  CHECK(std::isinf(chooser.patience_ms(64)));
  chooser.gave_up();
  CHECK(chooser.threads() == 1);
  CHECK(std::isinf(chooser.patience_ms(1)));  // there is nothing else to try
}

TEST(thread_chooser_climbs_to_the_best_of_many) {
  const auto ms_of = [](int threads) { return 40.0 / std::min(threads, 6) + 0.6 * threads; };  // best: 6
  ThreadChooser chooser(32);
  speed(chooser, 500, ms_of);
  CHECK(std::abs(chooser.threads() - 6) <= 2);
  CHECK(speed(chooser, 2000, ms_of) > 0.95 * 1000 / ms_of(6));
}

TEST(thread_chooser_is_not_moved_by_noise_or_longer_contexts) {
  int at = 0;
  ThreadChooser chooser(2);
  const auto ms_of = [&](int threads) {
    at++;
    return quiet(threads) * (1 + 0.0003 * at) * (at % 17 == 0 ? 3 : 1);
  };
  CHECK(speed(chooser, 3000, ms_of) > 0);
  CHECK(chooser.threads() == 2);
}

TEST(thread_chooser_takes_what_it_is_told_of_prompts_and_clocks_for_what_it_is) {
  ThreadChooser chooser(4);
  for (const double ms : {0.0, -1.0, std::nan("")}) chooser.computed(1, ms);
  chooser.computed(64, 5000);
  chooser.others_take(std::nan(""));
  CHECK(chooser.threads() == 4);
  chooser.others_take(1e9);
  CHECK(chooser.threads() == 1);
  ThreadChooser one(0);
  for (int i = 0; i < 100; i++) one.computed(1, i + 1.0);
  one.gave_up();
  CHECK(one.threads() == 1);
}
