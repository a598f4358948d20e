// The bytes of a sequence's cache (see cache_state.hpp), as llama_kv_cache::state_write and state_read have them.
#include "cache_state.hpp"

#include <ggml.h>

#include <cstring>

#include "../core/gemm/kernels.hpp"

namespace engram {
namespace {

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : left_(bytes) {}
  template <typename T>
  bool is(T expected) {
    T found{};
    return read(found) && found == expected;
  }
  template <typename T>
  bool read(T& out) {
    if (left_.size() < sizeof(T)) return false;
    std::memcpy(&out, left_.data(), sizeof(T));
    left_ = left_.subspan(sizeof(T));
    return true;
  }
  const uint8_t* take(size_t bytes) {
    if (left_.size() < bytes) return nullptr;
    const uint8_t* out = left_.data();
    left_ = left_.subspan(bytes);
    return out;
  }
  size_t left() const { return left_.size(); }

 private:
  std::span<const uint8_t> left_;
};

template <typename T>
void put(std::vector<uint8_t>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(&out[at], &value, sizeof(T));
}

int64_t width_of(const ModelConfig& model) { return model.n_kv_heads * model.head_dim; }

}  // namespace

std::optional<CacheState> read_cache_state(std::span<const uint8_t> bytes, const ModelConfig& model) {
  Reader in(bytes);
  CacheState out;
  uint32_t cells = 0;
  if (!in.read(out.shape.magic) || in.take(sizeof(int32_t)) == nullptr || !in.read(out.shape.streams)) return {};
  for (uint32_t stream = 0; stream < out.shape.streams; ++stream) {
    uint32_t count = 0;
    if (!in.read(count)) return {};
    if (count == 0) continue;
    if (cells != 0) return {};  // in two streams at once
    cells = count;
    out.shape.stream = stream;
    for (uint32_t i = 0; i < cells; ++i) {
      if (!in.is(static_cast<int32_t>(i)) || !in.is(uint32_t{1}) || in.take(sizeof(int32_t)) == nullptr) return {};
    }
    const int64_t width = width_of(model);
    const size_t row_bytes = static_cast<size_t>(width) * sizeof(uint16_t);
    if (!in.is(uint32_t{0}) || !in.is(static_cast<uint32_t>(model.n_layers))) return {};
    out.prefix.layers.assign(static_cast<size_t>(model.n_layers), {});
    const auto& kernels = kernels::table(best_isa());
    for (int64_t side = 0; side < 2; ++side) {  // keys, then values
      for (std::vector<float>& layer : out.prefix.layers) {
        if (!in.is(static_cast<int32_t>(GGML_TYPE_F16)) || !in.is(uint64_t{row_bytes})) return {};
        const uint8_t* from = in.take(cells * row_bytes);
        if (from == nullptr) return {};
        layer.resize(static_cast<size_t>(2 * cells * width));
        std::vector<uint16_t> row(static_cast<size_t>(width));
        for (int64_t i = 0; i < cells; ++i) {
          std::memcpy(row.data(), from + static_cast<size_t>(i) * row_bytes, row_bytes);
          kernels.f16_to_f32(row.data(), width, &layer[static_cast<size_t>((2 * i + side) * width)]);
        }
      }
    }
  }
  if (in.left() != 0) return {};
  out.prefix.tokens.resize(cells);
  return out;
}

std::vector<uint8_t> write_cache_state(const Prefix& prefix, const CacheShape& shape, int lane,
                                       const ModelConfig& model) {
  const int64_t cells = prefix.rows(), width = width_of(model);
  const size_t row_bytes = static_cast<size_t>(width) * sizeof(uint16_t);
  std::vector<uint8_t> out;
  out.reserve(static_cast<size_t>(2 * model.n_layers * (cells * static_cast<int64_t>(row_bytes) + 16) + cells * 16));
  put(out, shape.magic);
  put(out, static_cast<int32_t>(lane));
  put(out, shape.streams);
  const auto& kernels = kernels::table(best_isa());
  for (uint32_t stream = 0; stream < shape.streams; ++stream) {
    if (stream != shape.stream || cells == 0) {
      put(out, uint32_t{0});
      continue;
    }
    put(out, static_cast<uint32_t>(cells));
    for (int64_t i = 0; i < cells; ++i) {
      put(out, static_cast<int32_t>(i));
      put(out, uint32_t{1});
      put(out, static_cast<int32_t>(lane));
    }
    put(out, uint32_t{0});  // values are not transposed
    put(out, static_cast<uint32_t>(model.n_layers));
    std::vector<uint16_t> row(static_cast<size_t>(width));
    for (int64_t side = 0; side < 2; ++side) {
      for (const std::vector<float>& layer : prefix.layers) {
        put(out, static_cast<int32_t>(GGML_TYPE_F16));
        put(out, uint64_t{row_bytes});
        size_t at = out.size();
        out.resize(at + static_cast<size_t>(cells) * row_bytes);
        for (int64_t i = 0; i < cells; ++i, at += row_bytes) {
          kernels.f32_to_f16(&layer[static_cast<size_t>((2 * i + side) * width)], width, row.data());
          std::memcpy(&out[at], row.data(), row_bytes);
        }
      }
    }
  }
  return out;
}

}  // namespace engram
