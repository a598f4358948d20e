// Where the checkout is, its golden files, and the ggml of its node_modules: for the tests and the fuzz targets.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "error.hpp"
#include "ggml.hpp"

namespace fixtures {

inline const std::filesystem::path& root() {
  static const auto path = std::filesystem::path(__FILE__).lexically_normal().parent_path().parent_path().parent_path();
  return path;
}

// A file of test/fixtures/golden.
inline std::string path(const std::string& name) { return (root() / "test/fixtures/golden" / name).string(); }

// The libggml-base that node-llama-cpp ships for this machine.
inline const std::string& ggml_library() {
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
    throw std::runtime_error("no libggml-base for this machine below node_modules: run npm ci first");
  }();
  return found;
}

}  // namespace fixtures
