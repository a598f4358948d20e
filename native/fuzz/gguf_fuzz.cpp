// Fuzzes the GGUF reader: header, metadata by every accessor, and the data of every tensor.
#include "error.hpp"
#include "fuzz.hpp"
#include "gguf.hpp"
#include "seeds.hpp"

namespace {

void attempt(void (*read)(const engram::GgufFile&, const std::string&), const engram::GgufFile& file,
             const std::string& key) {
  try {
    read(file, key);
  } catch (const engram::Error&) {
  }
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  fuzz::Gguf file;
  file.set("general.architecture", "llama").set("llama.block_count", 1u).set("llama.rope.freq_base", 1e4f);
  file.set("general.alignment", 32u).set("tokens", std::vector<std::string>{"a", "b", "<|end|>"});
  const std::string small = file.bytes();
  file.add("f32", {3, 2}, 0, std::string(24, 'x'))
      .add("q4_0", {32}, 2, std::string(18, 'y'))
      .add("scalar", {}, 0, "abcd");
  return {small, file.bytes()};
}

void fuzz::read(const std::string& path) {
  const engram::GgufFile file = engram::GgufFile::open(path);
  for (const char* key : {"general.architecture", "llama.block_count", "llama.rope.freq_base", "tokens", "none"}) {
    attempt([](const auto& f, const auto& k) { f.integer(k); }, file, key);
    attempt([](const auto& f, const auto& k) { f.number(k); }, file, key);
    attempt([](const auto& f, const auto& k) { f.string(k); }, file, key);
    attempt([](const auto& f, const auto& k) { f.integer(k, 1), f.number(k, 1), f.string(k, ""); }, file, key);
  }
  for (const engram::GgufTensor& tensor : file.tensors()) {
    if (file.find(tensor.name) != &tensor || tensor.elements() < 1) __builtin_trap();
    attempt([](const auto& f, const auto& k) { f.floats(*f.find(k)); }, file, tensor.name);
  }
}
