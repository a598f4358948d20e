// Opens shared libraries (see shared_library.hpp).
#include "shared_library.hpp"

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace engram {

SharedLibrary::SharedLibrary(const std::string& path) {
#ifdef _WIN32
  // Its path is UTF-8, which LoadLibraryA would read in the system's code page.
  std::wstring wide(static_cast<size_t>(MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0)), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), static_cast<int>(wide.size()));
  handle_ = LoadLibraryW(wide.c_str());
  const std::string reason = handle_ == nullptr ? "error " + std::to_string(GetLastError()) : "";
#else
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const char* text = handle_ == nullptr ? dlerror() : nullptr;
  const std::string reason = text == nullptr ? "" : text;
#endif
  if (handle_ == nullptr) {
    throw Error("native", "Cannot load the library " + path + ": " + reason + ".", "Install the dependencies again.");
  }
}

void* SharedLibrary::symbol(const char* name) const {
#ifdef _WIN32
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
#else
  return dlsym(handle_, name);
#endif
}

}  // namespace engram
