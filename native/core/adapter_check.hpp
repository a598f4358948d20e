// Looks at an adapter file before llama.cpp does, whose own refusal says little: is it a whole LoRA adapter, and for
// this model, and are its values numbers? Not here: whether they are any good, and reading it to train on
// (adapter_file.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace engram {

// What a model's adapters must fit.
struct AdaptedModel {
  std::string name;  // of its file, for people
  std::string architecture;
  std::map<std::string, std::vector<int64_t>, std::less<>> shapes;  // of its tensors, the fastest dimension first

  // Throws as GgufFile::open().
  static AdaptedModel read(const std::string& path);
};

// Throws `corrupt` for a file that is broken, breaks off or holds what is no number; `mismatch` for one that is no
// adapter or another model's; `not_found`, `disk`, `unsupported`.
void check_adapter(const std::string& path, const AdaptedModel& model);

}  // namespace engram
