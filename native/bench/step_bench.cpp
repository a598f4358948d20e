// Times whole training steps on a real model: rank 8, all seven matrices of all layers, AdamW, a loss on every token.
// For work on kernels; what users run, beside its peers, is timed by `npm run -s bench -- train`.
// Usage: step_bench MODEL.gguf GGML_LIBRARY [TOKENS [BATCH [THREADS [PRECISION]]]]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench.hpp"
#include "cpu.hpp"
#include "trainer.hpp"

using namespace engram;
using bench::Clock;
using bench::seconds_since;

static int run(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: step_bench MODEL.gguf GGML_LIBRARY [TOKENS [BATCH [THREADS [f32|f16|bf16|int8]]]]\n");
    return 2;
  }
  const int tokens = argc > 3 ? std::atoi(argv[3]) : 32;
  const int batch_size = argc > 4 ? std::atoi(argv[4]) : 1;
  const int threads = argc > 5 ? std::atoi(argv[5]) : 2;
  LoadOptions options;
  options.precision = argc > 6 ? bench::precision_named(argv[6]) : default_precision();
  options.threads = threads;
  const auto model = Model::load(argv[1], argv[2], options);
  Trainer trainer(model, LoraConfig{}, OptimizerConfig{}, threads);

  std::vector<BatchItem> batch;
  for (int b = 0; b < batch_size; b++) {
    const int64_t example = trainer.add(bench::odd_tokens(tokens, model->config.n_vocab, b));
    batch.push_back({example, 1.0f / static_cast<float>(tokens * batch_size), 1});
  }
  std::vector<double> times;
  double flop = 0;
  const Clock::time_point start = Clock::now();
  while (times.size() < 4 || (seconds_since(start) < 10 && times.size() < 30)) {
    const Clock::time_point step = Clock::now();
    flop = trainer.backward(batch).flop;
    trainer.update();
    times.push_back(seconds_since(step));
  }
  times.erase(times.begin());  // the first allocates
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  const double peak = measure_peak(threads, 500).f32;
  std::printf(
      "{\"batch\": %d, \"tokens\": %d, \"ms\": %.1f, \"gflops\": %.1f, \"shareOfF32Peak\": %.3f, \"threads\": %d}\n",
      batch_size, tokens, median * 1e3, flop / median / 1e9, flop / median / 1e9 / peak, threads);
  return 0;
}

int main(int argc, char** argv) { return bench::run_main(run, argc, argv); }
