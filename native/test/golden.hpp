// What tests over the tiny models of test/fixtures/golden share: paths, golden values (see scripts/golden/README.md),
// temporary folders, errors relative to the largest value. Not here: tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "fixtures.hpp"
#include "gguf.hpp"
#include "model.hpp"
#include "trainer.hpp"

namespace golden {

using engram::Target;

using fixtures::ggml_library;
using fixtures::root;
inline std::string fixture(const std::string& name) { return fixtures::path(name); }

inline std::shared_ptr<const engram::Model> load_model(const std::string& path, int threads = 2) {
  engram::LoadOptions options;
  options.threads = threads;
  return engram::Model::load(path, ggml_library(), options);
}

// A tiny model of the fixtures, loaded once.
inline std::shared_ptr<const engram::Model> model(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const engram::Model>> loaded;
  auto& slot = loaded[name];
  if (slot == nullptr) slot = load_model(fixture(name + ".gguf"));
  return slot;
}

class Values {
 public:
  explicit Values(const std::string& name) : file_(engram::GgufFile::open(fixture(name + ".golden.gguf"))) {}

  double number(const std::string& key) const { return file_.number(key); }
  bool has(const std::string& tensor) const { return file_.find(tensor) != nullptr; }
  std::vector<float> operator[](const std::string& tensor) const {
    const engram::GgufTensor* found = file_.find(tensor);
    if (found == nullptr) throw std::runtime_error("no golden tensor " + tensor);
    return file_.floats(*found);
  }
  std::vector<int32_t> tokens(int example) const {
    const std::vector<float> values = (*this)["example." + std::to_string(example) + ".tokens"];
    return {values.begin(), values.end()};
  }
  engram::Example example(int index) const {
    const std::string prefix = "example." + std::to_string(index);
    engram::Example out{tokens(index), (*this)[prefix + ".weights"], {}, 0};
    out.adapted_from = static_cast<int64_t>(file_.number(prefix + ".adapted_from", 0));
    if (has(prefix + ".kl_weights")) out.kl_weights = (*this)[prefix + ".kl_weights"];
    return out;
  }
  engram::LoraConfig lora() const {
    engram::LoraConfig out;
    out.rank = static_cast<int>(number("rank"));
    out.alpha = number("alpha");
    return out;
  }

 private:
  engram::GgufFile file_;
};

inline std::string tensor_name(const std::string& prefix, int layer, int target, char which) {
  return prefix + "." + std::to_string(layer) + "." + engram::target_gguf_name(static_cast<Target>(target)) + ".lora_" +
         which;
}

// Gives the active pairs of `lora` the golden adapter's values.
inline void fill(engram::Lora& lora, const Values& values) {
  for (int layer = 0; layer < lora.layers(); layer++) {
    for (int t = 0; t < engram::kTargets; t++) {
      engram::LoraPair& pair = lora.at(layer, static_cast<Target>(t));
      if (!pair.active()) continue;
      pair.A = values[tensor_name("adapter", layer, t, 'a')];
      pair.B = values[tensor_name("adapter", layer, t, 'b')];
    }
  }
}

// Gives a trainer the golden adapter's values and all examples.
inline void fill_with_examples(engram::Trainer& trainer, const Values& values) {
  fill(trainer.lora(), values);
  for (int i = 0; i < static_cast<int>(values.number("examples")); i++) trainer.add(values.example(i));
}

// A trainer over a tiny model with the golden adapter and all its examples.
inline std::unique_ptr<engram::Trainer> trainer(const std::string& name, const Values& values, int threads = 2,
                                                const engram::OptimizerConfig& optimizer = {}) {
  auto out = std::make_unique<engram::Trainer>(model(name), values.lora(), optimizer, threads);
  fill_with_examples(*out, values);
  return out;
}

inline std::vector<engram::BatchItem> batch(const Values& values, const std::string& name) {
  const std::vector<float> items = values[name + ".items"];
  std::vector<engram::BatchItem> out;
  for (size_t i = 0; i < items.size(); i += 3)
    out.push_back({static_cast<int64_t>(items[i]), items[i + 1], items[i + 2]});
  return out;
}

// max |actual - expected| / max |expected|; infinite for NaN and for different sizes.
template <typename A, typename B>
double relative_error(const std::vector<A>& actual, const std::vector<B>& expected) {
  if (actual.size() != expected.size() || actual.empty()) return INFINITY;
  double largest = 1e-30, worst = 0;
  for (size_t i = 0; i < actual.size(); i++) {
    const double difference = std::abs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    if (!std::isfinite(difference)) return INFINITY;
    worst = std::max(worst, difference);
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return worst / largest;
}

// All gradients of a trainer, in the order of Lora::parameters().
inline std::vector<std::vector<float>> gradients(engram::Trainer& trainer) {
  std::vector<std::vector<float>> out;
  for (const engram::Lora::Parameter& p : trainer.lora().parameters()) out.push_back(*p.gradient);
  return out;
}
inline std::vector<std::vector<float>> weights(engram::Trainer& trainer) {
  std::vector<std::vector<float>> out;
  for (const engram::Lora::Parameter& p : trainer.lora().parameters()) out.push_back(*p.value);
  return out;
}

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = std::filesystem::temp_directory_path() / ("engram-test-" + std::to_string(std::random_device()()));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);  // some file systems flush a file that is truncated, and that takes milliseconds
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace golden
