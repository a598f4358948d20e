// Reads a GGUF into packed frozen matrices (see model.hpp).
#include "model.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>
#include <string>

#include "error.hpp"
#include "ggml.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

// Formats that llama.cpp lays out anew for its own fast kernels (ggml-cpu/repack.cpp).
const std::set<std::string> kInterleaved{"q4_0", "q4_K", "iq4_nl"};

// Finds tensors of known shapes and packs them, counting progress.
class Loader {
 public:
  Loader(const GgufFile& file, const Ggml& ggml, const std::string& path, const LoadOptions& options)
      : file_(file), ggml_(ggml), path_(path), options_(options), pool_(options.threads) {
    for (const GgufTensor& t : file.tensors()) {
      if (!t.name.starts_with("rope_")) total_ += t.elements();  // those were read with the header
    }
  }

  int64_t interleaved() const { return interleaved_; }
  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  FrozenMatrix matrix(const std::string& name, int64_t n_out, int64_t n_in) { return stack({{name, n_out}}, n_in); }

  Embedding embedding(const std::string& name, int64_t n_vocab, int64_t d_model) {
    const Rows rows = encoded(name, n_vocab, d_model);
    Embedding out(rows.data, n_vocab, d_model, rows.type);
    if (has("output.weight")) {  // else it is checked and counted as the head
      constexpr int64_t kRows = 64;
      std::atomic<bool> sound{true};
      pool_.parallel_for((n_vocab + kRows - 1) / kRows, [&](int64_t chunk) {
        std::vector<float> row(d_model);
        for (int64_t i = chunk * kRows; i < std::min(n_vocab, (chunk + 1) * kRows); i++) {
          out.row(i, row.data());
          if (!std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); }))
            sound.store(false, std::memory_order_relaxed);
        }
      });
      if (!sound) {
        throw Error("corrupt", "Tensor " + name + " of " + path_ + " holds values that are not finite numbers.");
      }
      count(*file_.find(name));
    }
    return out;
  }

  // The matrices of `targets` in block `block`, whose rows are as many as `shapes` says. `fused` is the tensor that
  // holds them all, or null where each has its own.
  Projection projection(const std::string& block, std::initializer_list<Target> targets,
                        const std::array<Shape, kTargets>& shapes, const char* fused = nullptr) {
    std::vector<Named> parts;
    std::vector<Projection::Slice> slices;
    int64_t first = 0;
    for (const Target target : targets) {
      const int64_t n = shapes[static_cast<size_t>(target)].n_out;
      parts.push_back({block + target_gguf_name(target), n});
      slices.push_back({target, first, n});
      first += n;
    }
    std::vector<float> bias = biases(parts);  // a fused matrix may have separate biases
    if (fused != nullptr) {
      parts = {{block + fused, first}};
      if (bias.empty()) bias = biases(parts);
    }
    for (Named& part : parts) part.name += ".weight";
    return {stack(parts, shapes[static_cast<size_t>(*targets.begin())].n_in), std::move(bias), std::move(slices)};
  }

  std::vector<float> vector(const std::string& name, int64_t n) {
    const GgufTensor& tensor = find(name, {n});
    const Ggml::Type type = ggml_.type(tensor.type);
    if (n % type.block_elements != 0)
      throw Error("corrupt", "Tensor " + name + " of " + path_ + " is not whole blocks.");
    std::vector<float> out(n);
    type.dequantize(file_.data(tensor, type.bytes(n)), out.data(), n);
    for (float x : out) {
      if (!std::isfinite(x))
        throw Error("corrupt", "Tensor " + name + " of " + path_ + " holds values that are not finite numbers.");
    }
    count(tensor);
    return out;
  }

 private:
  struct Named {
    std::string name;
    int64_t n_out;
  };

  // The biases of some matrices, one after the other; zero for those that have none, empty if none has one.
  std::vector<float> biases(const std::vector<Named>& matrices) {
    const auto biased = [&](const Named& m) { return has(m.name + ".bias"); };
    if (std::none_of(matrices.begin(), matrices.end(), biased)) return {};
    std::vector<float> out;
    for (const Named& m : matrices) {
      const std::vector<float> bias = biased(m) ? vector(m.name + ".bias", m.n_out) : std::vector<float>(m.n_out);
      out.insert(out.end(), bias.begin(), bias.end());
    }
    return out;
  }

  // One tensor of a stack: rows [first, last) of the whole.
  struct Rows {
    int64_t first, last, row_bytes;
    Ggml::Type type;
    const uint8_t* data;
    float scale;  // of every value
  };

  Rows encoded(const std::string& name, int64_t n_out, int64_t n_in) const {
    const GgufTensor& tensor = find(name, {n_in, n_out});
    const Ggml::Type type = ggml_.type(tensor.type);
    if (n_in % type.block_elements != 0)
      throw Error("corrupt", "Rows of " + name + " in " + path_ + " are not whole blocks.");
    const int64_t row_bytes = static_cast<int64_t>(type.bytes(n_in));
    return {0, n_out, row_bytes, type, file_.data(tensor, static_cast<uint64_t>(n_out * row_bytes)), 1};
  }

  // What a matrix is to be multiplied by (NVFP4): a tensor of one value beside it.
  float scale_beside(const std::string& name) {
    const std::string scale = name.substr(0, name.rfind('.')) + ".scale";
    return has(scale) ? vector(scale, 1)[0] : 1;
  }

  // Tensors [n_out, n_in] laid on top of each other, packed as one matrix.
  FrozenMatrix stack(const std::vector<Named>& names, int64_t n_in) {
    std::vector<Rows> parts;
    int64_t n_out = 0;
    for (const Named& part : names) {
      Rows& rows = parts.emplace_back(encoded(part.name, part.n_out, n_in));
      if (kInterleaved.contains(rows.type.name)) interleaved_ += part.n_out * n_in;
      rows.first += n_out, rows.last += n_out;
      rows.scale = scale_beside(part.name);
      n_out += part.n_out;
    }
    std::atomic<int> broken{-1};  // the part with a value that is not a finite number
    FrozenMatrix out(
        n_out, n_in, options_.precision,
        [&](int64_t row, int64_t count, float* to) {
          for (size_t i = 0; i < parts.size(); i++) {
            const Rows& part = parts[i];
            const int64_t from = std::max(row, part.first), n = std::min(row + count, part.last) - from;
            if (n <= 0) continue;
            float* here = to + (from - row) * n_in;
            part.type.dequantize(part.data + (from - part.first) * part.row_bytes, here, n * n_in);
            if (part.scale != 1) std::for_each(here, here + n * n_in, [&](float& x) { x *= part.scale; });
            if (!std::all_of(here, here + n * n_in, [](float x) { return std::isfinite(x); }))
              broken.store(static_cast<int>(i), std::memory_order_relaxed);
          }
        },
        pool_);
    if (broken >= 0) {
      throw Error("corrupt",
                  "Tensor " + names[broken].name + " of " + path_ + " holds values that are not finite numbers.");
    }
    for (const Named& part : names) count(*file_.find(part.name));
    return out;
  }

  const GgufTensor& find(const std::string& name, const std::vector<int64_t>& shape) const {
    const GgufTensor* tensor = file_.find(name);
    if (tensor == nullptr) throw Error("corrupt", path_ + " lacks tensor " + name + ".");
    if (tensor->shape != shape)
      throw Error("corrupt", "Tensor " + name + " of " + path_ + " has another shape than its header says.");
    return *tensor;
  }
  void count(const GgufTensor& tensor) {
    done_ += tensor.elements();
    if (options_.on_progress && !options_.on_progress(static_cast<double>(done_) / static_cast<double>(total_))) {
      throw Error("cancelled", "Cancelled.");
    }
  }

  const GgufFile& file_;
  const Ggml& ggml_;
  const std::string& path_;
  const LoadOptions& options_;
  ThreadPool pool_;
  int64_t done_ = 0, total_ = 0, interleaved_ = 0;
};

}  // namespace

std::shared_ptr<const Model> Model::load(const std::string& path, const std::string& ggml_library,
                                         const LoadOptions& options) {
  const GgufFile file = GgufFile::open(path);
  const ModelConfig c = read_model_config(file, path);
  const Ggml ggml(ggml_library);
  Loader loader(file, ggml, path, options);

  const GgufTensor* embedding = file.find("token_embd.weight");
  if (embedding == nullptr || embedding->shape.size() != 2)
    throw Error("corrupt", path + " lacks tensor token_embd.weight.");
  const int64_t n_vocab = embedding->shape[1];
  const bool tied = !loader.has("output.weight");
  std::shared_ptr<Model> model(
      new Model(loader.embedding("token_embd.weight", n_vocab, c.d_model),
                loader.matrix(tied ? "token_embd.weight" : "output.weight", n_vocab, c.d_model)));
  model->config = c;
  model->config.n_vocab = n_vocab;
  model->config.tied_head = tied;
  model->output_norm = loader.vector("output_norm.weight", c.d_model);
  if (loader.has("output.bias"))
    throw Error("unsupported", "Models whose output matrix has a bias (" + path + ") cannot be trained yet.");

  const std::array<Shape, kTargets> shapes = c.shapes();
  for (int64_t i = 0; i < c.n_layers; i++) {
    const std::string block = "blk." + std::to_string(i) + ".";
    const auto norm = [&](const char* name, bool wanted, int64_t n) {
      return wanted ? loader.vector(block + name + ".weight", n) : std::vector<float>();
    };
    LayerWeights layer{
        .attn_norm = norm("attn_norm", true, c.d_model),
        .ffn_norm = norm("ffn_norm", true, c.d_model),
        .q_norm = norm("attn_q_norm", c.query_key_norm, c.head_dim),
        .k_norm = norm("attn_k_norm", c.query_key_norm, c.head_dim),
        .attn_post_norm = norm("post_attention_norm", c.sandwich_norms, c.d_model),
        .ffn_post_norm = norm("post_ffw_norm", c.sandwich_norms, c.d_model),
        .qkv = loader.projection(block, {Target::q, Target::k, Target::v}, shapes, c.fused_qkv ? "attn_qkv" : nullptr),
        .o = loader.projection(block, {Target::o}, shapes),
        .gate_up = loader.projection(block, {Target::gate, Target::up}, shapes, c.fused_gate_up ? "ffn_up" : nullptr),
        .down = loader.projection(block, {Target::down}, shapes),
    };
    model->layers.push_back(std::move(layer));
  }
  for (const GgufTensor& t : file.tensors()) model->n_parameters += t.elements();
  model->interleaved = static_cast<double>(loader.interleaved()) / static_cast<double>(model->n_parameters);
  model->precision = options.precision;
  model->path = path;
  model->ggml_library = ggml_library;
  return model;
}

Embedding::Embedding(const uint8_t* data, int64_t n_vocab, int64_t d_model, const Ggml::Type& type)
    : d_model_(d_model),
      row_bytes_(static_cast<int64_t>(type.bytes(d_model))),
      type_(type),
      bytes_(data, data + n_vocab * row_bytes_) {}

int64_t Model::bytes() const {
  int64_t total = token_embedding.bytes() + head.bytes();
  for (const LayerWeights& layer : layers) {
    for (const Projection* p : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) total += p->weight.bytes();
  }
  return total;
}

std::vector<std::array<Shape, kTargets>> Model::shapes() const {
  return std::vector<std::array<Shape, kTargets>>(layers.size(), config.shapes());
}

}  // namespace engram
