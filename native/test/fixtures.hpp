// Where the checkout is, its golden files, and the ggml of its node_modules: for the tests and the fuzz targets.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "error.hpp"
#include "shared_library.hpp"

namespace fixtures {

inline const std::filesystem::path& root() {
  static const auto path = std::filesystem::path(__FILE__).lexically_normal().parent_path().parent_path().parent_path();
  return path;
}

// A file of test/fixtures/golden.
inline std::string path(const std::string& name) { return (root() / "test/fixtures/golden" / name).string(); }

// A library that node-llama-cpp ships for this machine, by the start of its file's name.
inline std::string library(const std::string& name) {
  std::error_code none;
  for (const auto& package : std::filesystem::directory_iterator(root() / "node_modules/@node-llama-cpp", none)) {
    for (const auto& build : std::filesystem::directory_iterator(package.path() / "bins", none)) {
      for (const auto& file : std::filesystem::directory_iterator(build.path(), none)) {
        const std::string found = file.path().filename().string();
        if (!found.starts_with(name) || !(found.ends_with(".so") || found.ends_with(".dylib"))) continue;
        try {
          engram::SharedLibrary(file.path().string());
          return file.path().string();
        } catch (const engram::Error&) {  // another machine's
        }
      }
    }
  }
  throw std::runtime_error("no " + name + " for this machine below node_modules: run npm ci first");
}

inline const std::string& ggml_library() {
  static const std::string found = library("libggml-base.");
  return found;
}

}  // namespace fixtures
