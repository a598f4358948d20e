// Finds libllama's functions (see llama_library.hpp).
#include "llama_library.hpp"

#include "../core/shared_library.hpp"

namespace engram {

LlamaLibrary::LlamaLibrary(const std::string& path) {
  const SharedLibrary library(path);
#define X(function)                                                         \
  function = library.find<decltype(&llama_##function)>("llama_" #function); \
  if (function == nullptr) {                                                \
    throw Error("native", "llama.cpp's library lacks llama_" #function ".", \
                "Install the dependencies again: `npm ci`.");               \
  }
  ENGRAM_LLAMA_FUNCTIONS(X)
#undef X

  // Those of the CPU's back end, which is a library of its own for each kind of CPU.
  const auto by_name = library.find<decltype(&ggml_backend_reg_by_name)>("ggml_backend_reg_by_name");
  const auto address = library.find<decltype(&ggml_backend_reg_get_proc_address)>("ggml_backend_reg_get_proc_address");
  const ggml_backend_reg_t cpu = by_name == nullptr ? nullptr : by_name("CPU");
  if (cpu == nullptr || address == nullptr) return;
  threadpool_new = reinterpret_cast<decltype(threadpool_new)>(address(cpu, "ggml_threadpool_new"));
  threadpool_free = reinterpret_cast<decltype(threadpool_free)>(address(cpu, "ggml_threadpool_free"));
  threadpool_params_default = library.find<decltype(&ggml_threadpool_params_default)>("ggml_threadpool_params_default");
  if (threadpool_free == nullptr || threadpool_params_default == nullptr) threadpool_new = nullptr;
}

}  // namespace engram
