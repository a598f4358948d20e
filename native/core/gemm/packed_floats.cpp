// Weights as floats or halves, multiplied as f32 or as bf16 pairs. Forward reads panels as they lie; backward
// transposes them block by block into a scratch buffer that stays in the first-level cache, where halves are widened
// too. The cost is one pass over W per call, shared by all tokens; a second packed copy would cost twice the memory and
// as much traffic.
#include <algorithm>
#include <vector>

#include "storage.hpp"

namespace engram {
namespace {

using kernels::kMaxLanes;
using kernels::Table;

constexpr int64_t kMC = 128;            // tokens of a chunk, at most
constexpr int64_t kKC = 256;            // values of the reduction per pass: a scratch panel of 32 lanes is 32 KB of f32
constexpr int64_t kNC = 3;              // panels of a chunk where the reduction is long,
constexpr int64_t kLongK = 4096;        // longer than this: the head's backward
constexpr int64_t kChunkWork = 500000;  // multiply-adds worth a chunk of their own

struct PackedFloats : FrozenMatrix::Storage {
  Precision precision;
  const Table& t;
  bool pairs;           // bf16 pairs for dot products: W[o, i] at [panel][i / 2][o % lanes][i % 2]
  int64_t lanes;        // else: W[o, i] at [panel][i][o % lanes], panel = o / lanes; zeros beyond n_out and n_in
  int64_t panels;       // of forward: rows of W by lanes
  int64_t n_in_padded;  // to a multiple of lanes
  AlignedBuffer data;

  PackedFloats(int64_t n_out, int64_t n_in, Precision precision, Isa isa)
      : Storage(n_out, n_in),
        precision(precision),
        t(kernels::table(isa)),
        pairs(precision == Precision::bf16 && t.pair_tile),
        lanes(t.lanes),
        panels(ceil_div(n_out, lanes)),
        n_in_padded(round_up(n_in, lanes)),
        data(panels * lanes * n_in_padded * (precision == Precision::f32 ? 4 : 2)) {
    bytes = panels * lanes * n_in_padded * (precision == Precision::f32 ? 4 : 2);
  }

  // The block of lanes × lanes weights at reduction index i of a panel; i is a multiple of lanes for pairs.
  int64_t offset(int64_t panel, int64_t i) const { return (panel * n_in_padded + i) * lanes; }
  const uint16_t* half(int64_t panel, int64_t i) const { return data.as<uint16_t>() + offset(panel, i); }
  const float* full(int64_t panel, int64_t i) const { return data.as<float>() + offset(panel, i); }
  const uint32_t* pair(int64_t panel, int64_t i) const { return data.as<uint32_t>() + offset(panel, i) / 2; }

  void widen(const uint16_t* src, int64_t n, float* dst) const {
    (precision == Precision::f16 ? t.f16_to_f32 : t.bf16_to_f32)(src, n, dst);
  }

  void pack_panel(int64_t panel, const RowReader& read) const;
  // Panels of the right-hand operand for the reduction [begin, end): [end - begin, lanes], in place or in `scratch`.
  const float* forward_panel(int64_t panel, int64_t begin, int64_t end, float* scratch) const;
  const float* backward_panel(int64_t panel, int64_t begin, int64_t end, float* scratch) const;
  const uint32_t* backward_pairs(int64_t panel, int64_t begin, int64_t end, uint32_t* scratch) const;
  kernels::Ahead ahead(bool forward, int64_t panel, int64_t begin, int64_t end, int64_t part, int64_t parts) const;
  void product(bool forward, const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
               std::span<const LowRank> extra) const override;
};

void PackedFloats::pack_panel(int64_t panel, const RowReader& read) const {
  const int64_t first = panel * lanes, count = std::min(lanes, n_out - first);
  std::vector<float> rows(static_cast<size_t>(lanes * n_in_padded));
  if (n_in == n_in_padded) {
    read(first, count, rows.data());
  } else {
    std::vector<float> tight(static_cast<size_t>(count * n_in));
    read(first, count, tight.data());
    for (int64_t r = 0; r < count; r++) std::copy_n(tight.data() + r * n_in, n_in, rows.data() + r * n_in_padded);
  }
  if (pairs) {
    std::vector<float> converted(rows.size() / 2);  // holds pairs of bf16: moved as 32 bits, never computed with
    t.f32_to_bf16(rows.data(), lanes * n_in_padded, reinterpret_cast<uint16_t*>(converted.data()));
    t.transpose(converted.data(), n_in_padded / 2, lanes, n_in_padded / 2, data.as<float>() + offset(panel, 0) / 2,
                lanes);
  } else if (precision == Precision::f32) {
    t.transpose(rows.data(), n_in_padded, lanes, n_in_padded, data.as<float>() + offset(panel, 0), lanes);
  } else {
    std::vector<float> columns(rows.size());
    t.transpose(rows.data(), n_in_padded, lanes, n_in_padded, columns.data(), lanes);
    const auto narrow = precision == Precision::f16 ? t.f32_to_f16 : t.f32_to_bf16;
    narrow(columns.data(), lanes * n_in_padded, data.as<uint16_t>() + offset(panel, 0));
  }
}

const float* PackedFloats::forward_panel(int64_t panel, int64_t begin, int64_t end, float* scratch) const {
  if (precision == Precision::f32) return full(panel, begin);
  widen(half(panel, begin), (end - begin) * lanes, scratch);
  return scratch;
}

const float* PackedFloats::backward_panel(int64_t panel, int64_t begin, int64_t end, float* scratch) const {
  alignas(64) float block[kMaxLanes * kMaxLanes];
  for (int64_t o = begin; o < end; o += lanes) {
    const float* source = block;
    if (precision == Precision::f32) {
      source = full(o / lanes, panel * lanes);
    } else {
      widen(half(o / lanes, panel * lanes), lanes * lanes, block);
    }
    t.transpose(source, lanes, lanes, lanes, scratch + (o - begin) * lanes, lanes);
  }
  return scratch;
}

const uint32_t* PackedFloats::backward_pairs(int64_t panel, int64_t begin, int64_t end, uint32_t* scratch) const {
  for (int64_t o = begin; o < end; o += lanes)
    t.pair_transpose(pair(o / lanes, panel * lanes), scratch + (o - begin) * lanes / 2);
  return scratch;
}

// Part `part` of `parts` of the weights of a pass [begin, end): forward's lie in one run, of backward's there is a
// block of lanes × lanes in each panel of W.
kernels::Ahead PackedFloats::ahead(bool forward, int64_t panel, int64_t begin, int64_t end, int64_t part,
                                   int64_t parts) const {
  const int64_t size = precision == Precision::f32 ? 4 : 2, length = forward ? end - begin : lanes;
  const int64_t bytes = length * lanes * size, steps = pairs ? length / 2 : length;
  const int64_t at = forward ? offset(panel, begin) : offset(begin / lanes, panel * lanes);
  return {data.as<char>() + at * size + bytes * part / parts, steps, ceil_div(bytes, parts * steps),
          forward ? 0 : n_in_padded * lanes * size};
}

void PackedFloats::product(bool forward, const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
                           std::span<const LowRank> extra) const {
  if (T <= 0) return;
  const int64_t k = forward ? n_in : n_out, n = forward ? n_out : n_in;
  const int64_t k_padded = round_up(k, lanes), ldp = k_padded / 2 + 16;  // pairs; the 16 keep rows out of one cache set
  const Parts tokens(T, kMC);
  const int64_t panel_work = ceil_div(T, tokens.count) * k * lanes;
  // Where the inputs of all passes together would not stay in the cache, several panels share each pass over them.
  const bool is_long = k > kLongK;
  const Parts groups(ceil_div(n, lanes), std::max<int64_t>(is_long ? kNC : 1, kChunkWork / panel_work));
  const Parts passes(k_padded / lanes, kKC * (pairs ? 2 : 1) / lanes);

  AlignedBuffer converted(pairs ? T * ldp * 4 : 0);
  if (pairs) {
    const Parts rows(T, std::max<int64_t>(1, kChunkWork / k));
    pool.parallel_for(rows.count, [&](int64_t part) {
      for (int64_t r = rows.begin(part); r < rows.begin(part + 1); r++) {
        uint16_t* out = converted.as<uint16_t>() + r * ldp * 2;
        t.f32_to_bf16(x + r * k, k, out);
        std::fill(out + k, out + k_padded, uint16_t{0});
      }
    });
  }

  pool.parallel_for(groups.count * tokens.count, [&](int64_t chunk) {
    alignas(64) float scratch[kKC * kMaxLanes];
    const int64_t group = chunk / tokens.count, block = chunk % tokens.count;
    const int64_t first = tokens.begin(block), count = tokens.begin(block + 1) - first;
    const Parts tiles(count, t.rows);
    const int64_t first_panel = groups.begin(group), n_panels = groups.begin(group + 1) - first_panel;
    const int64_t steps = n_panels * passes.count;
    for (int64_t step = 0; step < steps; step++) {
      const int64_t panel = first_panel + (is_long ? step % n_panels : step / passes.count);
      const int64_t pass = is_long ? step / n_panels : step % passes.count;
      const int64_t cols = std::min(lanes, n - panel * lanes);
      const int64_t begin = passes.begin(pass) * lanes, end = passes.begin(pass + 1) * lanes;
      const bool add = accumulate || pass > 0;
      const float* b = nullptr;
      const uint32_t* b_pairs = nullptr;
      if (pairs) {
        b_pairs =
            forward ? pair(panel, begin) : backward_pairs(panel, begin, end, reinterpret_cast<uint32_t*>(scratch));
      } else {
        b = forward ? forward_panel(panel, begin, end, scratch) : backward_panel(panel, begin, end, scratch);
      }
      int64_t next_panel = std::min(first_panel + n_panels, groups.n - 1), next_pass = 0;
      if (step + 1 < steps) {
        next_panel = first_panel + (is_long ? (step + 1) % n_panels : (step + 1) / passes.count);
        next_pass = is_long ? (step + 1) / n_panels : (step + 1) % passes.count;
      }
      const int64_t next_begin = passes.begin(next_pass) * lanes, next_end = passes.begin(next_pass + 1) * lanes;
      for (int64_t i = 0; i < tiles.count; i++) {
        const kernels::Ahead soon = ahead(forward, next_panel, next_begin, next_end, i, tiles.count);
        const int64_t row = first + tiles.begin(i), rows = tiles.begin(i + 1) - tiles.begin(i);
        float* c = y + row * n + panel * lanes;
        if (pairs) {
          t.pair_tile({rows, cols, (end - begin) / 2, converted.as<uint32_t>() + row * ldp + begin / 2, ldp, b_pairs, c,
                       n, add, soon});
        } else {
          t.tile({rows, cols, std::min(end, k) - begin, x + row * k + begin, k, b, lanes, c, n, 1.0f, add, soon});
        }
      }
      if (pass + 1 == passes.count)
        for (const LowRank& e : extra) add_low_rank(t, e, y, n, panel * lanes, cols, first, count, scratch);
    }
  });
}

}  // namespace

std::unique_ptr<FrozenMatrix::Storage> pack_floats(int64_t n_out, int64_t n_in, Precision precision,
                                                   const RowReader& read, ThreadPool& pool, Isa isa) {
  auto packed = std::make_unique<PackedFloats>(n_out, n_in, precision, isa);
  pool.parallel_for(packed->panels, [&](int64_t panel) { packed->pack_panel(panel, read); });
  return packed;
}

}  // namespace engram
