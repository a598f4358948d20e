// Training state as a GGUF (see checkpoint.hpp): moment tensors `<index of the parameter>.first` and `.second`, each as
// flat as the optimizer holds them.
#include "checkpoint.hpp"

#include <cmath>
#include <limits>

#include "error.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

constexpr const char* kType = "engram-training-state";

std::string kind_name(OptimizerConfig::Kind kind) {
  switch (kind) {
    case OptimizerConfig::Kind::adamw:
      return "adamw";
    case OptimizerConfig::Kind::adam:
      return "adam";
    case OptimizerConfig::Kind::sgd:
      return "sgd";
  }
  throw Error("internal", "An optimizer without a name.");
}

std::string tensor_name(size_t parameter, const char* moment) { return std::to_string(parameter) + "." + moment; }

uint64_t counter(const GgufFile& file, const std::string& key, const std::string& path) {
  const int64_t value = file.integer(key);
  if (value < 0 || value > (int64_t{1} << 53))
    throw Error("corrupt", path + " counts " + std::to_string(value) + " " + key + ".");
  return static_cast<uint64_t>(value);
}

// One moment of all parameters; empty before the first step, and where the optimizer has no such moment.
// No value may be below `least`: a step takes the root of the second moment.
std::vector<std::vector<float>> read_moment(const GgufFile& file, const char* moment, float least, bool wanted,
                                            const std::vector<Lora::Parameter>& parameters, const std::string& path) {
  std::vector<std::vector<float>> out;
  for (size_t i = 0; i < parameters.size(); i++) {
    out.emplace_back();
    if (!wanted) continue;
    const GgufTensor* tensor = file.find(tensor_name(i, moment));
    const auto elements = static_cast<int64_t>(parameters[i].value->size());
    if (tensor == nullptr || tensor->shape != std::vector<int64_t>{elements}) {
      throw Error("mismatch", "The state " + path + " belongs to an adapter of another shape.");
    }
    out.back() = file.floats(*tensor);
    for (float x : out.back()) {
      if (!std::isfinite(x) || x < least)
        throw Error("corrupt", "The state " + path + " holds values that no training leaves.");
    }
  }
  return out;
}

}  // namespace

void write_training_state(const TrainingState& state, const OptimizerConfig& config, Lora& lora,
                          const std::string& path) {
  GgufWriter out;
  out.set("general.type", std::string(kType));
  out.set("optimizer", kind_name(config.kind));
  out.set("parameters", static_cast<uint64_t>(lora.parameters().size()));
  out.set("steps", static_cast<uint64_t>(state.optimizer.steps));
  out.set("passes", state.passes);
  const auto add = [&](const std::vector<std::vector<float>>& moments, const char* name) {
    for (size_t i = 0; i < moments.size(); i++) {
      const auto elements = static_cast<int64_t>(moments[i].size());
      if (elements > 0) out.add(tensor_name(i, name), {elements}, moments[i].data());
    }
  };
  add(state.optimizer.first, "first");
  add(state.optimizer.second, "second");
  out.write(path);
}

TrainingState read_training_state(const OptimizerConfig& config, Lora& lora, const std::string& path) {
  const GgufFile file = GgufFile::open(path);
  if (file.string("general.type", "") != kType) throw Error("mismatch", path + " is not the state of a training.");
  const std::string kind = file.string("optimizer");
  if (kind != kind_name(config.kind)) throw Error("mismatch", "The state " + path + " belongs to " + kind + ".");
  const std::vector<Lora::Parameter> parameters = lora.parameters();
  if (counter(file, "parameters", path) != parameters.size()) {
    throw Error("mismatch", "The state " + path + " belongs to an adapter of another shape.");
  }
  TrainingState out;
  out.passes = counter(file, "passes", path);
  out.optimizer.steps = static_cast<int64_t>(counter(file, "steps", path));
  if (out.optimizer.steps == 0) return out;
  const bool adaptive = config.kind != OptimizerConfig::Kind::sgd;
  out.optimizer.first = read_moment(file, "first", -std::numeric_limits<float>::max(), true, parameters, path);
  out.optimizer.second = read_moment(file, "second", 0, adaptive, parameters, path);
  return out;
}

}  // namespace engram
