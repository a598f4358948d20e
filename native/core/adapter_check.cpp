// Whether an adapter may be given to llama.cpp (see adapter_check.hpp).
#include "adapter_check.hpp"

#include <cmath>
#include <filesystem>

#include "adapter_pairs.hpp"
#include "error.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

constexpr uint32_t kF32 = 0, kF16 = 1, kBF16 = 30;  // ggml_type

std::string text(const std::vector<int64_t>& shape) {
  std::string out;
  for (const int64_t size : shape) out += (out.empty() ? "" : " x ") + std::to_string(size);
  return out;
}

// `special`: the bits that are all set in what is infinite or no number.
template <typename Bits>
bool all_finite(const uint8_t* bytes, int64_t count, Bits special) {
  const Bits* values = reinterpret_cast<const Bits*>(bytes);  // aligned in the file and in memory
  int bad = 0;
  for (int64_t i = 0; i < count; i++) bad |= (values[i] & special) == special;  // without a branch: in vectors
  return bad == 0;
}

bool all_finite(const GgufFile& file, const GgufTensor& tensor) {
  const int64_t count = tensor.elements();
  const auto bytes = [&](uint64_t size) { return file.data(tensor, static_cast<uint64_t>(count) * size); };
  switch (tensor.type) {
    case kF32:
      return all_finite<uint32_t>(bytes(4), count, 0x7f800000);
    case kF16:
      return all_finite<uint16_t>(bytes(2), count, 0x7c00);
    case kBF16:
      return all_finite<uint16_t>(bytes(2), count, 0x7f80);
    default:
      return true;  // quantised, or refused by llama.cpp
  }
}

}  // namespace

AdaptedModel AdaptedModel::read(const std::string& path) {
  const GgufFile file = GgufFile::open(path);
  AdaptedModel out{std::filesystem::path(path).filename().string(), file.string("general.architecture", ""), {}};
  for (const GgufTensor& tensor : file.tensors()) out.shapes.emplace(tensor.name, tensor.shape);
  return out;
}

void check_adapter(const std::string& path, const AdaptedModel& model) {
  const GgufFile file = GgufFile::open(path);
  const auto mismatch = [&](const std::string& what) {
    return Error("mismatch", "The adapter " + path + " does not fit the model " + model.name + ": " + what + ".",
                 "An adapter works only with the model that it was trained on.");
  };
  const AdapterPairs found = AdapterPairs::of(file, mismatch);
  const std::string architecture = found.architecture.empty() ? "unknown" : found.architecture;
  if (architecture != model.architecture)
    throw mismatch("it is for the architecture " + architecture + ", and the model is " + model.architecture);

  for (const auto& pair : found.pairs) {
    const std::string& of = pair.weight;
    const auto weight = model.shapes.find(of);
    if (weight == model.shapes.end()) throw mismatch("the model has no \"" + of + "\"");
    const std::vector<int64_t>&shape = weight->second, &a = pair.a->shape, &b = pair.b->shape;
    // A takes what the weight takes, B gives what it gives; for token embeddings llama.cpp has them the other way
    // round.
    const size_t in = of == "token_embd.weight" ? 1 : 0;
    const bool fits = shape.size() == 2 && a.size() == 2 && b.size() == 2 && a[0] == shape[in] &&
                      b[1] == shape[1 - in] && a[1] == b[0];
    if (!fits)
      throw mismatch("\"" + of + "\" is " + text(shape) + " and its halves are " + text(a) + " and " + text(b));
  }

  const auto no_number = [&](const std::string& where) {
    return Error("corrupt", "The adapter " + path + " holds values that are no numbers, in \"" + where + "\".",
                 "Train it again.");
  };
  // One value that is no number makes every answer noise.
  if (!std::isfinite(found.alpha)) throw no_number("adapter.lora.alpha");
  for (const GgufTensor& tensor : file.tensors()) {
    if (!all_finite(file, tensor)) throw no_number(tensor.name);
  }
}

}  // namespace engram
