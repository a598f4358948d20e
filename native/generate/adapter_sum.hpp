// Adapters with their scales as one Lora, for our own kernels: their ranks side by side. Not here: files
// (core/adapter).
#pragma once

#include <vector>

#include "../core/lora.hpp"
#include "context.hpp"

namespace engram {

// Throws `unsupported` for an adapter of what the kernels do not adapt, and as Adapter::read().
Lora sum_of(const std::vector<AdapterUse>& adapters, const Model& weights);

}  // namespace engram
