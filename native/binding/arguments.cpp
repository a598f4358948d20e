// Checks and converts arguments (see arguments.hpp).
#include "arguments.hpp"

#include <cmath>
#include <limits>

#include "../core/error.hpp"

namespace engram::binding {
namespace {

constexpr float kMostFloat = std::numeric_limits<float>::max();
constexpr int64_t kMostSafeInteger = 9007199254740991;

[[noreturn]] void refuse(const char* what, const std::string& expected) {
  throw Error("usage", std::string(what) + " must be " + expected + ".");
}

struct Elements {
  napi_typedarray_type type;
  size_t length;
  const void* data;
};

Elements elements(const Napi::Value& value, const char* what, const char* expected) {
  if (!value.IsTypedArray()) refuse(what, expected);
  Elements out{};
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &out.type, &out.length, &data, nullptr, nullptr);
  if (status != napi_ok) refuse(what, expected);
  out.data = data;
  if (out.data == nullptr) out.length = 0;  // a detached buffer
  return out;
}

double field(const Napi::Object& from, const char* name) { return number(from.Get(name), name); }

int64_t field(const Napi::Object& from, const char* name, int64_t least, int64_t most) {
  return integer(from.Get(name), name, least, most);
}

}  // namespace

std::string text(const Napi::Value& value, const char* what) {
  if (!value.IsString()) refuse(what, "a string");
  std::string out = value.As<Napi::String>().Utf8Value();
  if (out.empty() || out.find('\0') != std::string::npos) refuse(what, "a string that is not empty and has no NUL");
  return out;
}

double number(const Napi::Value& value, const char* what) {
  if (!value.IsNumber()) refuse(what, "a number");
  const double out = value.As<Napi::Number>().DoubleValue();
  if (!std::isfinite(out)) refuse(what, "a finite number");
  return out;
}

int64_t integer(const Napi::Value& value, const char* what, int64_t least, int64_t most) {
  const double out = number(value, what);
  if (out != std::floor(out) || out < static_cast<double>(least) || out > static_cast<double>(most)) {
    refuse(what, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<int64_t>(out);
}

Napi::Object object(const Napi::Value& value, const char* what) {
  if (!value.IsObject()) refuse(what, "an object");
  return value.As<Napi::Object>();
}

std::vector<int32_t> token_ids(const Napi::Value& value, const char* what, int64_t vocabulary) {
  const char* expected = "a Uint32Array or Int32Array of token ids";
  const Elements in = elements(value, what, expected);
  if (in.type != napi_uint32_array && in.type != napi_int32_array) refuse(what, expected);
  // A negative id read as unsigned lies outside every vocabulary.
  const uint32_t* ids = static_cast<const uint32_t*>(in.data);
  std::vector<int32_t> out(in.length);
  for (size_t i = 0; i < in.length; ++i) {
    if (ids[i] >= static_cast<uint64_t>(vocabulary)) {
      refuse(what, "token ids below " + std::to_string(vocabulary) + "; number " + std::to_string(i) + " is " +
                       std::to_string(static_cast<int32_t>(ids[i])));
    }
    out[i] = static_cast<int32_t>(ids[i]);
  }
  return out;
}

std::vector<float> floats(const Napi::Value& value, const char* what, size_t length, float least) {
  const Elements in = elements(value, what, "a Float32Array");
  if (in.type != napi_float32_array) refuse(what, "a Float32Array");
  if (in.length != length) refuse(what, std::to_string(length) + " long, and is " + std::to_string(in.length));
  const float* values = static_cast<const float*>(in.data);
  std::vector<float> out(values, values + in.length);
  for (float f : out) {
    if (!std::isfinite(f) || f < least)
      refuse(what, least < 0 ? "finite throughout" : "finite and at least 0 throughout");
  }
  return out;
}

Target target(const Napi::Value& value, const char* what) {
  const std::string name = text(value, what);
  for (int t = 0; t < kTargets; ++t) {
    if (name == target_name(static_cast<Target>(t))) return static_cast<Target>(t);
  }
  refuse(what, "one of q k v o gate up down");
}

LoraConfig lora_config(const Napi::Value& value) {
  const Napi::Object in = object(value, "lora");
  LoraConfig out;
  out.rank = static_cast<int>(field(in, "rank", 1, 1 << 16));
  out.alpha = field(in, "alpha");
  out.first_layer = static_cast<int>(field(in, "firstLayer", -(1 << 20), 1 << 20));
  out.last_layer = static_cast<int>(field(in, "lastLayer", -(1 << 20), 1 << 20));
  out.dropout = field(in, "dropout");
  out.seed = static_cast<uint64_t>(field(in, "seed", 0, kMostSafeInteger));
  const Napi::Value targets = in.Get("targets");
  if (!targets.IsArray()) refuse("targets", "an array");
  const Napi::Array names = targets.As<Napi::Array>();
  if (names.Length() < 1 || names.Length() > kTargets) refuse("targets", "one to seven names");
  out.targets.clear();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    out.targets.push_back(target(names.Get(i), "targets[]"));
  }
  if (!in.Get("rankStabilized").IsBoolean()) refuse("rankStabilized", "true or false");
  out.rank_stabilized = in.Get("rankStabilized").As<Napi::Boolean>().Value();
  const Napi::Value ranks = in.Get("ranks");
  if (!ranks.IsArray()) refuse("ranks", "an array");
  const Napi::Array exceptions = ranks.As<Napi::Array>();
  for (uint32_t i = 0; i < exceptions.Length(); ++i) {
    const Napi::Object one = object(exceptions.Get(i), "ranks[]");
    out.ranks.push_back({static_cast<int>(field(one, "layer", 0, 1 << 20)), target(one.Get("target"), "target"),
                         static_cast<int>(field(one, "rank", 0, 1 << 16))});
  }
  return out;
}

OptimizerConfig optimizer_config(const Napi::Value& value) {
  const Napi::Object in = object(value, "optimizer");
  OptimizerConfig out;
  const std::string kind = text(in.Get("kind"), "kind");
  if (kind == "adamw") {
    out.kind = OptimizerConfig::Kind::adamw;
  } else if (kind == "adam") {
    out.kind = OptimizerConfig::Kind::adam;
  } else if (kind == "sgd") {
    out.kind = OptimizerConfig::Kind::sgd;
  } else {
    refuse("kind", "adamw, adam or sgd");
  }
  out.learning_rate = field(in, "learningRate");
  out.rate_b = field(in, "rateB");
  out.beta1 = field(in, "beta1");
  out.beta2 = field(in, "beta2");
  out.epsilon = field(in, "epsilon");
  out.weight_decay = field(in, "weightDecay");
  out.momentum = field(in, "momentum");
  out.max_grad_norm = field(in, "maxGradNorm");
  return out;
}

std::vector<BatchItem> batch(const Napi::Value& examples, const Napi::Value& scales, const Napi::Value& kl_scales,
                             int64_t count) {
  const Elements in = elements(examples, "examples", "an Int32Array");
  if (in.type != napi_int32_array) refuse("examples", "an Int32Array");
  if (in.length == 0) refuse("examples", "at least one index");
  const std::vector<float> scale = floats(scales, "scales", in.length, -kMostFloat);
  const std::vector<float> kl_scale = floats(kl_scales, "klScales", in.length, -kMostFloat);
  const int32_t* indices = static_cast<const int32_t*>(in.data);
  std::vector<BatchItem> out(in.length);
  for (size_t i = 0; i < in.length; ++i) {
    if (indices[i] < 0 || indices[i] >= count) {
      refuse("examples", "indices that add() returned; " + std::to_string(indices[i]) + " is none");
    }
    out[i] = {indices[i], scale[i], kl_scale[i]};
  }
  return out;
}

}  // namespace engram::binding
