// How soon a training steps aside for an answer: from the moment an answer begins (cores.hpp) until no thread of the
// training computes any more, told by the processor time of the process. Nothing is generated here.
// Usage: aside_bench MODEL.gguf GGML_LIBRARY [TOKENS [THREADS [TURNS]]]
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "bench.hpp"
#include "cores.hpp"
#include "trainer.hpp"

using namespace engram;
using bench::Clock;
using bench::seconds_since;

namespace {

constexpr auto kLook = std::chrono::microseconds(250);
constexpr double kStillShare = 0.2;  // of a processor: what looking itself takes is less

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Seconds until nothing has been computed for two looks in a row.
double until_still(Clock::time_point start) {
  for (double busy = 0, cpu = cpu_seconds(), at = seconds_since(start); at < 2;) {
    std::this_thread::sleep_for(kLook);
    const double cpu_now = cpu_seconds(), now = seconds_since(start);
    if (cpu_now - cpu > kStillShare * (now - at)) busy = now;
    if (now - busy > 4e-3) return busy;
    cpu = cpu_now, at = now;
  }
  return 2;
}

int run(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: aside_bench MODEL.gguf GGML_LIBRARY [TOKENS [THREADS [TURNS]]]\n");
    return 2;
  }
  const int tokens = argc > 3 ? std::atoi(argv[3]) : 128, threads = argc > 4 ? std::atoi(argv[4]) : 2;
  const int turns = argc > 5 ? std::atoi(argv[5]) : 40;
  LoadOptions options;
  options.precision = default_precision();
  options.threads = threads;
  const auto model = Model::load(argv[1], argv[2], options);
  const auto cores = std::make_shared<Cores>(threads);
  Trainer trainer(model, LoraConfig{}, OptimizerConfig{}, threads, 0, cores);
  const int64_t example = trainer.add(bench::odd_tokens(tokens, model->config.n_vocab));
  const std::vector<BatchItem> batch{{example, 1.0f / static_cast<float>(tokens), 1}};

  std::atomic<bool> stop{false};
  std::thread training([&] {
    while (!stop) {
      const Cores::Training going_on(cores);
      trainer.backward(batch);
      trainer.update();
    }
  });
  std::vector<double> ms;
  for (int i = 0; i < turns; i++) {
    // Long enough to be ahead of answers, and so to owe them all cores; not always at the same place of a step.
    std::this_thread::sleep_for(std::chrono::milliseconds(600 + i * 37 % 200));
    ThreadChooser chooser(threads);
    const Clock::time_point start = Clock::now();
    const Cores::Generating turn(cores, chooser);
    ms.push_back(1e3 * until_still(start));
  }
  stop = true;
  training.join();
  std::sort(ms.begin(), ms.end());
  std::printf("{\"turns\": %d, \"medianMs\": %.1f, \"p90Ms\": %.1f, \"mostMs\": %.1f}\n", turns, ms[ms.size() / 2],
              ms[ms.size() * 9 / 10], ms.back());
  return 0;
}

}  // namespace

int main(int argc, char** argv) { return bench::run_main(run, argc, argv); }
