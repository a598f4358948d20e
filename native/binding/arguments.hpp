// Reads JS values into C++ ones and refuses what is not what it should be: type, range, NaN, length. TypeScript has
// checked the same before (with better sentences); this is what keeps a mistake there from becoming memory corruption
// here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../core/lora.hpp"
#include "../core/optimizer.hpp"
#include "../core/trainer.hpp"
#include "napi.hpp"

namespace engram::binding {

// All throw Error("usage") naming `what`.
std::string text(const Napi::Value& value, const char* what);  // not empty, no NUL
double number(const Napi::Value& value, const char* what);     // finite
int64_t integer(const Napi::Value& value, const char* what, int64_t least, int64_t most);
Napi::Object object(const Napi::Value& value, const char* what);
std::vector<int32_t> token_ids(const Napi::Value& value, const char* what,
                               int64_t vocabulary);  // Uint32Array, Int32Array
// A Float32Array of `length` finite values, none below `least`.
std::vector<float> floats(const Napi::Value& value, const char* what, size_t length, float least);

Target target(const Napi::Value& value, const char* what);
// Every field must be there: defaults are TypeScript's.
LoraConfig lora_config(const Napi::Value& value);
OptimizerConfig optimizer_config(const Napi::Value& value);
// Three arrays of one length: Int32Array of indices in [0, examples), Float32Arrays of scales.
std::vector<BatchItem> batch(const Napi::Value& examples, const Napi::Value& scales, const Napi::Value& kl_scales,
                             int64_t count);

constexpr int kMostThreads = 1024;
constexpr int64_t kMostBytes = int64_t{1} << 52;

}  // namespace engram::binding
