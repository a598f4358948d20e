// Names of the parts of a GGUF (see gguf_parts.hpp).
#include "gguf_parts.hpp"

#include <cstdio>
#include <filesystem>

namespace engram {
namespace {

// `-00002-of-00003.gguf`
std::string ending(int64_t no, int64_t count) {
  char text[64];
  std::snprintf(text, sizeof text, "-%05lld-of-%05lld.gguf", static_cast<long long>(no + 1),
                static_cast<long long>(count));
  return text;
}

}  // namespace

std::string part_path(const std::string& first, int64_t no, int64_t count) {
  const std::string is = ending(0, count);
  if (!first.ends_with(is)) {
    throw Error("corrupt",
                first + " is the first of " + std::to_string(count) + " parts of a model, and is not named so.",
                "Its name must end with " + is + ", and the others lie beside it.");
  }
  const std::string path = first.substr(0, first.size() - is.size()) + ending(no, count);
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) {
    throw Error("corrupt",
                "Part " + std::to_string(no + 1) + " of " + std::to_string(count) + " is missing: " + path + ".",
                "Fetch it into the folder of the first part.");
  }
  return path;
}

Error not_first(const std::string& path, int64_t no, int64_t count) {
  return Error("usage", path + " is part " + std::to_string(no + 1) + " of " + std::to_string(count) + " of a model.",
               "Give the first part, whose name ends with " + ending(0, count) + ".");
}

}  // namespace engram
