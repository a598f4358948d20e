// GGUF files made by hand for the fuzz targets: small, sound, of any tensor types. Not here: a writer for users
// (core/gguf.hpp), which knows only what engram writes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace fuzz {

class Gguf {
 public:
  Gguf& set(const std::string& key, const std::string& value) { return entry(key, 8).name(metadata_, value), *this; }
  Gguf& set(const std::string& key, uint32_t value) { return entry(key, 4).put(metadata_, value), *this; }
  Gguf& set(const std::string& key, float value) { return entry(key, 6).put(metadata_, value), *this; }
  // A vocabulary as models have it; the trainer skips it.
  Gguf& set(const std::string& key, const std::vector<std::string>& values) {
    entry(key, 9).put(metadata_, uint32_t{8});
    put(metadata_, static_cast<uint64_t>(values.size()));
    for (const std::string& value : values) name(metadata_, value);
    return *this;
  }
  // `bytes` of any type (a ggml_type); `shape` fastest dimension first.
  Gguf& add(const std::string& tensor, const std::vector<uint64_t>& shape, uint32_t type, const std::string& bytes) {
    name(tensors_, tensor);
    put(tensors_, static_cast<uint32_t>(shape.size()));
    for (const uint64_t n : shape) put(tensors_, n);
    put(tensors_, type);
    put(tensors_, static_cast<uint64_t>(data_.size()));
    data_ += bytes;
    data_.resize((data_.size() + 31) / 32 * 32);
    n_tensors_++;
    return *this;
  }
  std::string bytes() const {
    std::string out = "GGUF";
    put(out, uint32_t{3});
    put(out, n_tensors_);
    put(out, n_values_);
    out += metadata_ + tensors_;
    out.resize((out.size() + 31) / 32 * 32);
    return out + data_;
  }

 private:
  template <typename T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static void name(std::string& to, const std::string& text) {
    put(to, static_cast<uint64_t>(text.size()));
    to += text;
  }
  Gguf& entry(const std::string& key, uint32_t kind) {
    name(metadata_, key);
    put(metadata_, kind);
    n_values_++;
    return *this;
  }

  std::string metadata_, tensors_, data_;
  uint64_t n_values_ = 0, n_tensors_ = 0;
};

}  // namespace fuzz
