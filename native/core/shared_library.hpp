// A shared library of the operating system, opened by path and never unloaded: ggml sets std::terminate's handler when
// it is loaded, which would be left pointing nowhere, and aborts the process if it finds its own handler on being
// loaded again.
#pragma once

#include <string>

#include "error.hpp"

namespace engram {

class SharedLibrary {
 public:
  explicit SharedLibrary(const std::string& path);  // throws `native`

  // The function of this name, in the library or in those it needs; null if there is none.
  template <typename Function>
  Function find(const std::string& name) const {
    return reinterpret_cast<Function>(symbol(name.c_str()));
  }

 private:
  void* symbol(const char* name) const;
  void* handle_ = nullptr;
};

}  // namespace engram
