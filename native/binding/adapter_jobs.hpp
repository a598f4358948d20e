// Work on stored adapters, each call a job of its own off the JS thread. Not here: the work (core/merge.hpp,
// core/fuse.hpp).
#pragma once

#include "napi.hpp"

namespace engram::binding {

// mergeAdapters([{path, weight}], output, ggmlLibrary, {rank, budget}, onProgress) → promise of
// {ranks: [{weight, before, after, error}], alpha, error, parameters}
Napi::Value merge_adapters(const Napi::CallbackInfo& info);

// fuseAdapters(model, [{path, weight}], output, ggmlLibrary, {type, threads}, onProgress) → promise of {bytes, tensors}
Napi::Value fuse_adapters(const Napi::CallbackInfo& info);

}  // namespace engram::binding
