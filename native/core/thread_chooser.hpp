// How many threads one generation computes a token with, found out from how long tokens take: threads that spin at
// barriers lose most of their speed to one busy neighbour, where fewer threads lose little (`bench infer --conditions
// quiet,one-core --threads 1,2`), and on many cores the most are seldom the fastest. Not here: a clock, the cores there
// are (available_cpus.hpp), what training leaves of them (cores.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace engram {

class ThreadChooser {
 public:
  // `most`: never more than this; at least 1. Begins there.
  explicit ThreadChooser(int most);

  // For the next token.
  int threads() const { return counts_[at_]; }
  // `tokens` decoded together took `ms` with threads(). Many tokens, as of a prompt, say nothing about one, nor do a
  // few about another number; where they become the rule it begins anew with them.
  void computed(int tokens, double ms);
  // A decode of few tokens that takes longer than this had better be abandoned and done again with what threads() says
  // after gave_up(). Infinite where nothing is known yet or there are no fewer threads to try.
  double patience_ms(int tokens) const;
  void gave_up();
  // Processors' worth of time that other processes take of those there are. When that has changed, so has what is best:
  // it begins with what they leave and tries from there.
  void others_take(double processors);

 private:
  // The last few times of one thread count.
  class Recent {
   public:
    void add(double ms) { ms_[n_++ % ms_.size()] = ms; }
    void clear() { n_ = 0; }
    size_t count() const { return n_; }
    double median(size_t last) const;  // of the last so many, or of all there are; at least one

   private:
    std::array<double, 8> ms_{};
    size_t n_ = 0;
  };

  bool trying() const { return at_ != home_; }
  void try_count(size_t index);
  void settle_at(size_t index);
  void give_back();

  // What is compared: so many tokens at once. Another number, and how often in a row it came.
  int tokens_ = 1, others_tokens_ = 0;
  size_t others_in_a_row_ = 0;
  std::vector<int> counts_;  // that are tried: 1, 2, 3, 4, 6, 8, 12 … most
  size_t at_, home_;         // the count in use; the one that is found best, another than `at_` during a trial
  Recent here_, there_;      // times at home, and in the trial
  double calm_ms_ = 0;       // a token at home when all was well; 0: not known
  double since_ms_ = 0;      // computed since the last trial
  double wait_ms_ = 0;       // before the next
  bool up_next_ = false;     // it is of more threads
  double others_ = 0;        // that others took when home was found
};

}  // namespace engram
