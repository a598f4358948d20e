// Files and fixtures of the fuzz targets (see fuzz.hpp).
#include "fuzz.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "error.hpp"
#include "ggml.hpp"

namespace fuzz {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

const std::filesystem::path& root() {
  static const auto path = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  return path;
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

const std::string& ggml_library() {
  static const std::string found = [] {
    std::error_code none;
    for (const auto& package : std::filesystem::directory_iterator(root() / "node_modules/@node-llama-cpp", none)) {
      for (const auto& build : std::filesystem::directory_iterator(package.path() / "bins", none)) {
        for (const char* name : {"libggml-base.so", "libggml-base.dylib"}) {
          const std::string path = (build.path() / name).string();
          if (!std::filesystem::exists(path)) continue;
          try {
            engram::Ggml library(path);
            return path;
          } catch (const engram::Error&) {  // another machine's
          }
        }
      }
    }
    give_up("no libggml-base for this machine below node_modules: run npm ci first");
  }();
  return found;
}

std::string fixture(const std::string& name) { return (root() / "test/fixtures/golden" / name).string(); }

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::is_sound(data, size);
  return 0;
}
