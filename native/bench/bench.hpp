// What the benchmarks share: noise and examples to compute on, the names of precisions, the fastest of many runs, which
// a busy neighbour disturbs least, and a main() that tells errors. No figure is printed here.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "aligned.hpp"
#include "error.hpp"
#include "gemm/gemm.hpp"
#include "trainer.hpp"

namespace engram::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Seconds of the fastest of the runs that fit into about `ms`.
template <class F>
double fastest(F&& run, double ms = 60) {
  double best = 1e9;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < 3 || seconds_since(begin) < ms / 1000; i++) {
    const Clock::time_point start = Clock::now();
    run();
    best = std::min(best, seconds_since(start));
  }
  return best;
}

// Values in [-1, 1), always the same.
inline Floats noise(int64_t n) {
  Floats x(static_cast<size_t>(n));
  uint32_t seed = 1;
  for (float& v : x) v = static_cast<float>((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1.0f;
  return x;
}

// A loss on `tokens` tokens that have nothing to do with one another; another `seed` gives others.
inline Example odd_tokens(int tokens, int64_t n_vocab, int seed = 0) {
  Example example;
  for (int i = 0; i <= tokens; i++) {  // the last token is a target only
    example.tokens.push_back((i * 7919 + seed * 104729 + 13) % static_cast<int>(n_vocab));
    example.weights.push_back(1);
  }
  return example;
}

struct NamedPrecision {
  const char* name;
  Precision precision;
};
constexpr NamedPrecision kPrecisions[] = {
    {"f32", Precision::f32}, {"f16", Precision::f16}, {"bf16", Precision::bf16}, {"int8", Precision::int8}};

// Throws `usage`.
inline Precision precision_named(const std::string& name) {
  for (const NamedPrecision& p : kPrecisions) {
    if (name == p.name) return p.precision;
  }
  throw Error("usage", "There is no precision " + name + ".");
}

// The exit status of a benchmark, whose errors go to stderr.
inline int run_main(int (*run)(int argc, char** argv), int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", error.code.c_str(), error.what());
    return 1;
  }
}

}  // namespace engram::bench
