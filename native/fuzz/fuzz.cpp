// Files and fixtures of the fuzz targets (see fuzz.hpp).
#include "fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "../test/fixtures.hpp"
#include "error.hpp"

namespace fuzz {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

}  // namespace

const std::string& scratch() {
  static const struct File {
    std::string path;
    File() {
      const std::filesystem::path memory = "/dev/shm";  // far faster than a disk, where there is one
      const auto folder = std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
      path = (folder / ("engram-fuzz-" + std::to_string(std::random_device()()))).string();
    }
    ~File() { std::remove(path.c_str()); }
  } file;
  return file.path;
}

bool is_sound(const uint8_t* data, size_t size) {
  std::FILE* file = std::fopen(scratch().c_str(), "wb");
  if (file == nullptr || (size > 0 && std::fwrite(data, 1, size, file) != size)) give_up("Cannot write " + scratch());
  std::fclose(file);
  try {
    read(scratch());
    return true;
  } catch (const engram::Error& error) {
    for (const char* code : {"corrupt", "unsupported", "mismatch", "diverged"}) {
      if (error.code == code) return false;
    }
    give_up("refused with the code " + error.code + ": " + error.what());
  }
}

const std::string& ggml_library() { return fixtures::ggml_library(); }

std::string fixture(const std::string& name) { return fixtures::path(name); }

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::is_sound(data, size);
  return 0;
}
