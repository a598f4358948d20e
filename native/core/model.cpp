// Reads a Llama-shaped GGUF into packed frozen matrices (see model.hpp).
#include "model.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "error.hpp"
#include "ggml.hpp"
#include "gguf.hpp"

namespace engram {
namespace {

constexpr const char* kTrainable[] = {"llama"};

ModelConfig read_config(const GgufFile& file, const std::string& path) {
  ModelConfig c;
  c.architecture = file.string("general.architecture");
  if (std::find(std::begin(kTrainable), std::end(kTrainable), c.architecture) == std::end(kTrainable)) {
    std::string list;
    for (const char* name : kTrainable) list += std::string(list.empty() ? "" : ", ") + name;
    throw Error("unsupported", "Models of architecture " + c.architecture + " cannot be trained yet.",
                "These can: " + list + ".");
  }
  const auto key = [&](const char* name) { return c.architecture + "." + name; };
  const auto size = [&](const std::string& name, int64_t fallback) {
    const int64_t n = fallback < 0 ? file.integer(name) : file.integer(name, fallback);
    if (n < 1 || n > (int64_t{1} << 24))
      throw Error("corrupt", path + " says that " + name + " is " + std::to_string(n) + ".");
    return n;
  };
  c.n_layers = size(key("block_count"), -1);
  c.d_model = size(key("embedding_length"), -1);
  c.d_ff = size(key("feed_forward_length"), -1);
  c.n_heads = size(key("attention.head_count"), -1);
  c.n_kv_heads = size(key("attention.head_count_kv"), c.n_heads);
  c.head_dim = size(key("attention.key_length"), std::max<int64_t>(1, c.d_model / c.n_heads));
  c.rope_dim = size(key("rope.dimension_count"), c.head_dim);
  c.n_ctx = size(key("context_length"), 2048);
  c.rope_theta = static_cast<float>(file.number(key("rope.freq_base"), 10000.0));
  c.norm_eps = static_cast<float>(file.number(key("attention.layer_norm_rms_epsilon")));
  c.rope_scale = 1;
  const std::string scaling = file.string(key("rope.scaling.type"), "none");
  if (scaling == "linear") {
    c.rope_scale = static_cast<float>(1 / file.number(key("rope.scaling.factor"), 1.0));
  } else if (scaling != "none") {
    throw Error("unsupported", "RoPE scaling of kind " + scaling + " cannot be trained yet.", "none and linear can.");
  }
  if (c.n_heads % c.n_kv_heads != 0 || c.rope_dim > c.head_dim || c.rope_dim % 2 != 0 || !(c.norm_eps > 0) ||
      !(c.rope_theta > 0) || !std::isfinite(c.rope_scale) || !(c.rope_scale > 0)) {
    throw Error("corrupt", path + " has sizes in its header that do not fit together.");
  }
  for (const char* name : {"expert_count", "attention.sliding_window"}) {
    if (file.integer(key(name), 0) > 0)
      throw Error("unsupported", "Models with " + std::string(name) + " cannot be trained yet.");
  }
  return c;
}

// Finds tensors of known shapes and packs them, counting progress.
class Loader {
 public:
  Loader(const GgufFile& file, const Ggml& ggml, const std::string& path, const LoadOptions& options)
      : file_(file), ggml_(ggml), path_(path), options_(options), pool_(options.threads) {
    for (const GgufTensor& t : file.tensors()) total_ += t.elements();
  }

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  FrozenMatrix matrix(const std::string& name, int64_t n_out, int64_t n_in) { return stack({{name, n_out}}, n_in); }

  Embedding embedding(const std::string& name, int64_t n_vocab, int64_t d_model) {
    const Rows rows = encoded(name, n_vocab, d_model);
    if (has("output.weight")) count(*file_.find(name));  // else it is counted as the head
    return Embedding(rows.data, n_vocab, d_model, rows.type);
  }

  // The matrices of `targets` in block `block`, whose rows are as many as `shapes` says.
  Projection projection(const std::string& block, std::initializer_list<Target> targets,
                        const std::array<Shape, kTargets>& shapes) {
    std::vector<Named> parts;
    std::vector<Projection::Slice> slices;
    int64_t first = 0;
    for (const Target target : targets) {
      const int64_t n = shapes[static_cast<size_t>(target)].n_out;
      parts.push_back({block + target_gguf_name(target) + ".weight", n});
      slices.push_back({target, first, n});
      first += n;
    }
    return {stack(parts, shapes[static_cast<size_t>(*targets.begin())].n_in), std::move(slices)};
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

  // One tensor of a stack: rows [first, last) of the whole.
  struct Rows {
    int64_t first, last, row_bytes;
    Ggml::Type type;
    const uint8_t* data;
  };

  Rows encoded(const std::string& name, int64_t n_out, int64_t n_in) const {
    const GgufTensor& tensor = find(name, {n_in, n_out});
    const Ggml::Type type = ggml_.type(tensor.type);
    if (n_in % type.block_elements != 0)
      throw Error("corrupt", "Rows of " + name + " in " + path_ + " are not whole blocks.");
    const int64_t row_bytes = static_cast<int64_t>(type.bytes(n_in));
    return {0, n_out, row_bytes, type, file_.data(tensor, static_cast<uint64_t>(n_out * row_bytes))};
  }

  // Tensors [n_out, n_in] laid on top of each other, packed as one matrix.
  FrozenMatrix stack(const std::vector<Named>& names, int64_t n_in) {
    std::vector<Rows> parts;
    int64_t n_out = 0;
    for (const Named& part : names) {
      Rows& rows = parts.emplace_back(encoded(part.name, part.n_out, n_in));
      rows.first += n_out, rows.last += n_out;
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
  int64_t done_ = 0, total_ = 0;
};

}  // namespace

std::shared_ptr<const Model> Model::load(const std::string& path, const std::string& ggml_library,
                                         const LoadOptions& options) {
  const GgufFile file = GgufFile::open(path);
  const ModelConfig c = read_config(file, path);
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
  if (loader.has("rope_freqs.weight")) model->rope_factors = loader.vector("rope_freqs.weight", c.rope_dim / 2);
  for (float f : model->rope_factors) {
    if (!(f > 0)) throw Error("corrupt", "rope_freqs.weight of " + path + " holds a value that is not above 0.");
  }

  const std::array<Shape, kTargets> shapes = c.shapes();
  for (int64_t i = 0; i < c.n_layers; i++) {
    const std::string block = "blk." + std::to_string(i) + ".";
    for (const char* bias : {"attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias", "ffn_gate.bias",
                             "ffn_up.bias", "ffn_down.bias"}) {
      if (loader.has(block + bias))
        throw Error("unsupported", "Models with biases (" + block + bias + ") cannot be trained yet.");
    }
    std::vector<float> attn_norm = loader.vector(block + "attn_norm.weight", c.d_model);
    std::vector<float> ffn_norm = loader.vector(block + "ffn_norm.weight", c.d_model);
    model->layers.push_back(
        {std::move(attn_norm), std::move(ffn_norm), loader.projection(block, {Target::q, Target::k, Target::v}, shapes),
         loader.projection(block, {Target::o}, shapes), loader.projection(block, {Target::gate, Target::up}, shapes),
         loader.projection(block, {Target::down}, shapes)});
  }
  for (const GgufTensor& t : file.tensors()) model->n_parameters += t.elements();
  model->precision = options.precision;
  model->path = path;
  return model;
}

std::array<Shape, kTargets> ModelConfig::shapes() const {
  const int64_t Q = n_heads * head_dim, K = n_kv_heads * head_dim;
  return {{{Q, d_model}, {K, d_model}, {K, d_model}, {d_model, Q}, {d_ff, d_model}, {d_ff, d_model}, {d_model, d_ff}}};
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
