// Merging and fusing for JS (see adapter_jobs.hpp).
#include "adapter_jobs.hpp"

#include <memory>

#include "../core/fuse.hpp"
#include "../core/merge.hpp"
#include "arguments.hpp"
#include "failure.hpp"
#include "worker.hpp"

namespace engram::binding {
namespace {

std::vector<WeightedAdapter> weighted_adapters(const Napi::Value& value) {
  if (!value.IsArray()) throw Error("usage", "adapters must be an array.");
  const Napi::Array given = value.As<Napi::Array>();
  std::vector<WeightedAdapter> out;
  for (uint32_t i = 0; i < given.Length(); ++i) {
    const Napi::Object one = object(given.Get(i), "adapters[]");
    out.push_back({text(one.Get("path"), "path"), number(one.Get("weight"), "weight")});
  }
  return out;
}

// Runs `work(options)` on a thread of its own, where options.on_progress reports to JS and notices cancelling.
template <typename Options, typename Run>
Napi::Value run_job(Napi::Env env, const char* name, const Napi::Value& callback, Options options, Run work) {
  const std::shared_ptr<Worker> worker = Worker::start(env, name, report_to(callback));
  // The job is done before its worker goes, so the bare pointer lives long enough; a shared one would be a circle.
  const Napi::Promise promise = worker->run(env, [=, worker = worker.get()](const auto& cancelled) -> Convert {
    stop_if(cancelled);
    Options with_progress = options;
    with_progress.on_progress = [&](double share) {
      worker->report(share);
      return !cancelled;
    };
    return work(with_progress);
  });
  worker->close(false);
  return promise;
}

Napi::Value to_js(Napi::Env env, const MergeReport& report) {
  Napi::Array ranks = Napi::Array::New(env, report.pairs.size());
  for (size_t i = 0; i < report.pairs.size(); ++i) {
    Napi::Object one = Napi::Object::New(env);
    one.Set("weight", report.pairs[i].weight);
    one.Set("before", static_cast<double>(report.pairs[i].rank_before));
    one.Set("after", static_cast<double>(report.pairs[i].rank));
    one.Set("error", report.pairs[i].error);
    ranks.Set(static_cast<uint32_t>(i), one);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("ranks", ranks);
  out.Set("alpha", report.alpha);
  out.Set("error", report.error);
  out.Set("parameters", static_cast<double>(report.parameters));
  return out;
}

}  // namespace

Napi::Value merge_adapters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::vector<WeightedAdapter> adapters = weighted_adapters(info[0]);
    const std::string output = text(info[1], "output"), library = text(info[2], "ggmlLibrary");
    const Napi::Object given = object(info[3], "options");
    MergeOptions options;
    options.rank = static_cast<int>(integer(given.Get("rank"), "rank", 0, 1 << 16));
    options.budget = static_cast<int>(integer(given.Get("budget"), "budget", 0, 1 << 16));
    return run_job(env, "engram.mergeAdapters", info[4], options, [=](const MergeOptions& options) -> Convert {
      const MergeReport report = engram::merge_adapters(adapters, output, Ggml(library), options);
      return [report](Napi::Env env) -> Napi::Value { return to_js(env, report); };
    });
  });
}

Napi::Value fuse_adapters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guarded(env, [&]() -> Napi::Value {
    const std::vector<WeightedAdapter> adapters = weighted_adapters(info[1]);
    const std::string model = text(info[0], "model"), output = text(info[2], "output"),
                      library = text(info[3], "ggmlLibrary");
    const Napi::Object given = object(info[4], "options");
    FuseOptions options;
    options.type = text(given.Get("type"), "type");
    options.threads = static_cast<int>(integer(given.Get("threads"), "threads", 1, kMostThreads));
    return run_job(env, "engram.fuseAdapters", info[5], options, [=](const FuseOptions& options) -> Convert {
      const FuseReport report = engram::fuse_adapters(model, adapters, output, Ggml(library), options);
      return [report](Napi::Env env) -> Napi::Value {
        Napi::Object out = Napi::Object::New(env);
        out.Set("bytes", static_cast<double>(report.bytes));
        out.Set("tensors", static_cast<double>(report.tensors));
        return out;
      };
    });
  });
}

}  // namespace engram::binding
