// The functions of libllama that engram calls, by name out of the library that node-llama-cpp has loaded: one copy of
// llama.cpp in the process, its binaries and its GPU back ends. The types are those of its own headers. Not here:
// models.
#pragma once

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <llama.h>

#include <string>

namespace engram {

// Each is llama_<name>.
#define ENGRAM_LLAMA_FUNCTIONS(X) \
  X(model_default_params)         \
  X(model_load_from_file)         \
  X(model_free)                   \
  X(model_get_vocab)              \
  X(model_n_ctx_train)            \
  X(model_n_layer)                \
  X(model_n_embd_out)             \
  X(model_is_recurrent)           \
  X(model_is_hybrid)              \
  X(model_size)                   \
  X(vocab_n_tokens)               \
  X(vocab_bos)                    \
  X(vocab_eos)                    \
  X(vocab_eot)                    \
  X(vocab_get_add_bos)            \
  X(vocab_is_control)             \
  X(vocab_is_eog)                 \
  X(tokenize)                     \
  X(detokenize)                   \
  X(adapter_lora_init)            \
  X(adapter_lora_free)            \
  X(set_adapters_lora)            \
  X(context_default_params)       \
  X(init_from_model)              \
  X(free)                         \
  X(attach_threadpool)            \
  X(set_n_threads)                \
  X(set_abort_callback)           \
  X(decode)                       \
  X(synchronize)                  \
  X(get_logits_ith)               \
  X(get_embeddings_seq)           \
  X(get_memory)                   \
  X(memory_clear)                 \
  X(memory_seq_rm)                \
  X(memory_seq_pos_min)           \
  X(memory_seq_pos_max)           \
  X(state_seq_get_size)           \
  X(state_seq_get_data)           \
  X(state_seq_set_data)           \
  X(sampler_chain_default_params) \
  X(sampler_chain_init)           \
  X(sampler_chain_add)            \
  X(sampler_apply)                \
  X(sampler_accept)               \
  X(sampler_free)                 \
  X(sampler_init_greedy)          \
  X(sampler_init_dist)            \
  X(sampler_init_top_k)           \
  X(sampler_init_top_p)           \
  X(sampler_init_min_p)           \
  X(sampler_init_typical)         \
  X(sampler_init_temp_ext)        \
  X(sampler_init_xtc)             \
  X(sampler_init_penalties)       \
  X(sampler_init_dry)             \
  X(sampler_init_mirostat_v2)     \
  X(sampler_init_logit_bias)      \
  X(sampler_init_grammar)

class LlamaLibrary {
 public:
  // `path`: the libllama that is loaded already. Throws `native`. It is never unloaded (shared_library.hpp says why).
  explicit LlamaLibrary(const std::string& path);
  LlamaLibrary(const LlamaLibrary&) = delete;
  LlamaLibrary& operator=(const LlamaLibrary&) = delete;

#define X(name) decltype(&llama_##name) name = nullptr;
  ENGRAM_LLAMA_FUNCTIONS(X)
#undef X

  // ggml's threads for the CPU, kept from token to token; without a pool it would start new ones for each. Null where
  // the library keeps them to itself: then so be it.
  decltype(&ggml_threadpool_new) threadpool_new = nullptr;
  decltype(&ggml_threadpool_free) threadpool_free = nullptr;
  decltype(&ggml_threadpool_params_default) threadpool_params_default = nullptr;
};

}  // namespace engram
