// Weights as bytes with a scale for each row of W; activations as bytes with a scale for each group of 64, made anew
// for each product (LLM.int8(), Dettmers et al. 2022, arXiv 2208.07339; both directions as in SwitchBack, Wortsman et
// al. 2023, arXiv 2304.13013). The gradients of A and B are not made here and stay f32.
//
// W[o, i] lies at [panel][i / depth][o % 32][i % depth], panel = o / 32, with the kernels' offset added. Backward turns
// blocks of 32 x 32 bytes into the same shape with o and i exchanged. There the reduction runs over o, so the scale of
// each row of W goes into the activations before they are rounded.
#include <algorithm>
#include <cmath>
#include <vector>

#include "int8.hpp"
#include "storage.hpp"

namespace engram {
namespace {

using kernels::Int8Table;
using kernels::kInt8Group;
using kernels::kInt8Lanes;
using kernels::Table;

constexpr int64_t kMC = 128;             // tokens of a chunk, at most
constexpr int64_t kKC = 1024;            // values of the reduction per pass: a panel of 32 lanes is then 32 KB
constexpr int64_t kNC = 3;               // panels of a chunk where the reduction is long,
constexpr int64_t kLongK = 4096;         // longer than this: the head's backward
constexpr int64_t kChunkWork = 1500000;  // multiply-adds worth a chunk of their own
constexpr int64_t kChunkBytes = 65536;   // weights worth one, where few tokens make memory the limit
constexpr int64_t kChunkValues = 50000;  // activations worth one, to be rounded
constexpr int64_t kBlock = kInt8Lanes * kInt8Lanes;

// Activations [T, k] as bytes.
struct Rounded {
  int64_t ld, groups;  // bytes in a row, a little more than k; groups in a row
  AlignedBuffer q;
  std::vector<float> scales;
  std::vector<int32_t> sums;

  Rounded(const Int8Table& t, const float* x, const float* factor, int64_t T, int64_t k, ThreadPool& pool)
      : ld(round_up(k, kInt8Lanes) + 64),  // keeps rows out of one cache set
        groups(ceil_div(k, kInt8Group)),
        q(T * ld),
        scales(static_cast<size_t>(T * groups)),
        sums(static_cast<size_t>(T * groups)) {
    const Parts rows(T, std::max<int64_t>(1, kChunkValues / k));
    pool.parallel_for(rows.count, [&](int64_t part) {
      for (int64_t r = rows.begin(part); r < rows.begin(part + 1); r++) {
        int8_t* out = q.as<int8_t>() + r * ld;
        t.quantize(x + r * k, factor, k, out, &scales[r * groups], &sums[r * groups]);
        std::fill(out + k, out + ld, int8_t{0});
      }
    });
  }
};

struct Int8Matrix : FrozenMatrix::Storage {
  const Int8Table& t;
  const Table& floats;  // for what `extra` adds
  int64_t panels, n_in_padded;
  AlignedBuffer data;
  std::vector<float> scales, ones;  // of each row, padded; and as many ones as a panel has lanes

  Int8Matrix(int64_t n_out, int64_t n_in, Isa isa)
      : Storage(n_out, n_in),
        t(kernels::int8_table(isa)),
        floats(kernels::table(isa)),
        panels(ceil_div(n_out, kInt8Lanes)),
        n_in_padded(round_up(n_in, kInt8Lanes)),
        data(panels * kInt8Lanes * n_in_padded),
        scales(static_cast<size_t>(panels * kInt8Lanes), 0.0f),
        ones(kInt8Lanes, 1.0f) {
    bytes = panels * kInt8Lanes * (n_in_padded + static_cast<int64_t>(sizeof(float)));
  }

  uint8_t* at(int64_t panel, int64_t i) const { return data.as<uint8_t>() + (panel * n_in_padded + i) * kInt8Lanes; }

  void pack_panel(int64_t panel, const RowReader& read) {
    const int64_t first = panel * kInt8Lanes, count = std::min(kInt8Lanes, n_out - first);
    std::vector<float> rows(static_cast<size_t>(count * n_in));
    read(first, count, rows.data());
    std::fill_n(at(panel, 0), n_in_padded * kInt8Lanes, static_cast<uint8_t>(t.offset));
    const float most = static_cast<float>(t.most);
    for (int64_t o = 0; o < count; o++) {
      const float* row = rows.data() + o * n_in;
      float largest = 0;
      for (int64_t i = 0; i < n_in; i++) largest = std::max(largest, std::abs(row[i]));
      const float scale = std::max(largest, 1e-30f) / most;
      scales[first + o] = scale;
      uint8_t* lane = at(panel, 0) + o * t.depth;
      for (int64_t i = 0; i < n_in; i++) {
        const float rounded = std::nearbyint(std::clamp(row[i] / scale, -most, most));
        lane[i / t.depth * t.depth * kInt8Lanes + i % t.depth] =
            static_cast<uint8_t>(static_cast<int>(rounded) + t.offset);
      }
    }
  }

  // W[begin..end, panel · 32 ..] as [end - begin, 32] in `scratch`; asks for the next panel's blocks, which lie behind.
  const uint8_t* backward_panel(int64_t panel, int64_t begin, int64_t end, uint8_t* scratch) const {
    for (int64_t o = begin; o < end; o += kInt8Lanes) {
      const uint8_t* block = at(o / kInt8Lanes, panel * kInt8Lanes);
      for (int64_t line = 0; line < kBlock; line += 64) __builtin_prefetch(block + kBlock + line);
      t.transpose(block, scratch + (o - begin) * kInt8Lanes);
    }
    return scratch;
  }

  void product(bool forward, const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
               std::span<const LowRank> extra) const override;
};

void Int8Matrix::product(bool forward, const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
                         std::span<const LowRank> extra) const {
  if (T <= 0) return;
  const int64_t k = forward ? n_in : n_out, n = forward ? n_out : n_in;
  const Rounded rounded(t, x, forward ? nullptr : scales.data(), T, k, pool);
  const Parts tokens(T, kMC);
  const int64_t panel_work = ceil_div(T, tokens.count) * k * kInt8Lanes;
  // Where the inputs of all passes together would not stay in the cache, several panels share each pass over them.
  const bool is_long = k > kLongK;
  const int64_t worth = std::min(kChunkWork / panel_work, kChunkBytes / (k * kInt8Lanes));
  const Parts groups(ceil_div(n, kInt8Lanes), std::max<int64_t>(is_long ? kNC : 1, worth));
  const Parts passes(ceil_div(k, kInt8Group), kKC / kInt8Group);

  pool.parallel_for(groups.count * tokens.count, [&](int64_t chunk) {
    alignas(64) uint8_t turned[kKC * kInt8Lanes];
    alignas(64) float scratch[kLowRankStep * kernels::kMaxLanes];
    const int64_t group = chunk / tokens.count, block = chunk % tokens.count;
    const int64_t first = tokens.begin(block), count = tokens.begin(block + 1) - first;
    const Parts tiles(count, t.rows);
    const int64_t first_panel = groups.begin(group), n_panels = groups.begin(group + 1) - first_panel;
    for (int64_t step = 0; step < n_panels * passes.count; step++) {
      const int64_t panel = first_panel + (is_long ? step % n_panels : step / passes.count);
      const int64_t pass = is_long ? step / n_panels : step % passes.count;
      const int64_t cols = std::min(kInt8Lanes, n - panel * kInt8Lanes);
      const int64_t begin = passes.begin(pass) * kInt8Group, end = std::min(passes.begin(pass + 1) * kInt8Group, k);
      const int64_t length = round_up(end - begin, t.step);
      const uint8_t* w = forward ? at(panel, begin) : backward_panel(panel, begin, end, turned);
      // Forward's next weights lie behind these; a little of them is asked for by each tile.
      const int64_t ahead = forward ? ceil_div(length * kInt8Lanes, tiles.count) : 0;
      for (int64_t i = 0; i < tiles.count; i++) {
        const int64_t row = first + tiles.begin(i), rows = tiles.begin(i + 1) - tiles.begin(i);
        const kernels::Ahead soon{reinterpret_cast<const char*>(w) + length * kInt8Lanes + i * ahead, length / 4,
                                  ceil_div(ahead, length / 4), 0};
        t.tile({rows, cols, length, rounded.q.as<int8_t>() + row * rounded.ld + begin, rounded.ld,
                &rounded.scales[row * rounded.groups + begin / kInt8Group],
                &rounded.sums[row * rounded.groups + begin / kInt8Group], rounded.groups, w,
                forward ? scales.data() + panel * kInt8Lanes : ones.data(), y + row * n + panel * kInt8Lanes, n,
                accumulate || pass > 0, soon});
      }
      if (pass + 1 == passes.count)
        for (const LowRank& e : extra) add_low_rank(floats, e, y, n, panel * kInt8Lanes, cols, first, count, scratch);
    }
  });
}

}  // namespace

std::unique_ptr<FrozenMatrix::Storage> pack_int8(int64_t n_out, int64_t n_in, const RowReader& read, ThreadPool& pool,
                                                 Isa isa) {
  auto packed = std::make_unique<Int8Matrix>(n_out, n_in, isa);
  pool.parallel_for(packed->panels, [&](int64_t panel) { packed->pack_panel(panel, read); });
  return packed;
}

}  // namespace engram
