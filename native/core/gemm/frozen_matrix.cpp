// FrozenMatrix: one packed copy of W serves both directions. Forward reads panels as they lie; backward transposes them
// block by block into a scratch buffer that stays in the first-level cache, where halves are widened too. The cost is
// one pass over W per call, shared by all tokens; a second packed copy would cost twice the memory and as much traffic.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "../error.hpp"
#include "gemm.hpp"
#include "kernels.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace engram {
namespace {

using kernels::kMaxLanes;
using kernels::PairTile;
using kernels::Table;
using kernels::Tile;

constexpr int64_t kTokens = 128;   // most tokens that one chunk works on
constexpr int64_t kReduce = 256;   // values of the reduction per pass: a scratch panel of 32 lanes is 32 KB of f32
constexpr int64_t kLong = 4096;    // values of a long reduction, the head's backward
constexpr int64_t kShare = 3;      // panels in a chunk of a long reduction
constexpr int64_t kWork = 500000;  // multiply-adds worth a chunk of its own

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Cuts n into the fewest parts of at most `most`, as even as can be: part i is [begin(i), begin(i + 1)).
struct Parts {
  int64_t n, count;
  Parts(int64_t n, int64_t most) : n(n), count(std::max<int64_t>(1, ceil_div(n, most))) {}
  int64_t begin(int64_t i) const { return n * i / count; }
};

// Aligned memory, not initialised. Large buffers ask for huge pages: backward touches a block here and a block there,
// and would miss the TLB at each.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(int64_t bytes)
      : align_(static_cast<size_t>(bytes) >= 2 * kHugePage ? kHugePage : 64),
        data_(::operator new(static_cast<size_t>(bytes), std::align_val_t{align_})) {
#if defined(__linux__)
    if (align_ == kHugePage) madvise(data_, static_cast<size_t>(bytes), MADV_HUGEPAGE);  // advice only: may fail
#endif
  }
  ~AlignedBuffer() { ::operator delete(data_, std::align_val_t{align_}); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  static constexpr size_t kHugePage = size_t{2} << 20;
  size_t align_;
  void* data_;
};

}  // namespace

Precision default_precision() {
  // bf16 dot products are twice as fast as f32 on some CPUs and half as fast on others, so it is measured, not assumed.
  static const Precision best = [] {
    const Table& t = kernels::table(best_isa());
    if (t.peak_bf16) {
      const Peak peak = measure_peak(1, 3);
      if (peak.bf16 > 1.2 * peak.f32) return Precision::bf16;
    }
    return best_isa() == Isa::portable ? Precision::f32 : Precision::f16;
  }();
  return best;
}

struct FrozenMatrix::Packed {
  int64_t n_out, n_in;
  Precision precision;
  const Table& t;
  bool pairs;           // bf16 pairs for dot products: W[o, i] at [panel][i / 2][o % lanes][i % 2]
  int64_t lanes;        // else: W[o, i] at [panel][i][o % lanes], panel = o / lanes; zeros beyond n_out and n_in
  int64_t panels;       // of forward: rows of W by lanes
  int64_t n_in_padded;  // to a multiple of lanes
  int64_t bytes;
  AlignedBuffer data;

  Packed(int64_t n_out, int64_t n_in, Precision precision, Isa isa)
      : n_out(n_out),
        n_in(n_in),
        precision(precision),
        t(kernels::table(isa)),
        pairs(precision == Precision::bf16 && t.pair_tile),
        lanes(t.lanes),
        panels(ceil_div(n_out, lanes)),
        n_in_padded(round_up(n_in, lanes)),
        bytes(panels * lanes * n_in_padded * (precision == Precision::f32 ? 4 : 2)),
        data(bytes) {}

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
               std::span<const LowRank> extra) const;
  void add_low_rank(const LowRank& e, float* y, int64_t n, int64_t panel, int64_t first, const Parts& tiles,
                    float* scratch) const;
};

void FrozenMatrix::Packed::pack_panel(int64_t panel, const RowReader& read) const {
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

const float* FrozenMatrix::Packed::forward_panel(int64_t panel, int64_t begin, int64_t end, float* scratch) const {
  if (precision == Precision::f32) return full(panel, begin);
  widen(half(panel, begin), (end - begin) * lanes, scratch);
  return scratch;
}

const float* FrozenMatrix::Packed::backward_panel(int64_t panel, int64_t begin, int64_t end, float* scratch) const {
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

const uint32_t* FrozenMatrix::Packed::backward_pairs(int64_t panel, int64_t begin, int64_t end,
                                                     uint32_t* scratch) const {
  for (int64_t o = begin; o < end; o += lanes)
    t.pair_transpose(pair(o / lanes, panel * lanes), scratch + (o - begin) * lanes / 2);
  return scratch;
}

// Part `part` of `parts` of the weights of a pass [begin, end): forward's lie in one run, of backward's there is a
// block of lanes × lanes in each panel of W.
kernels::Ahead FrozenMatrix::Packed::ahead(bool forward, int64_t panel, int64_t begin, int64_t end, int64_t part,
                                           int64_t parts) const {
  const int64_t size = precision == Precision::f32 ? 4 : 2, length = forward ? end - begin : lanes;
  const int64_t bytes = length * lanes * size, steps = pairs ? length / 2 : length;
  const int64_t at = forward ? offset(panel, begin) : offset(begin / lanes, panel * lanes);
  return {data.as<char>() + at * size + bytes * part / parts, steps, ceil_div(bytes, parts * steps),
          forward ? 0 : n_in_padded * lanes * size};
}

// y[T, n] (+)= x[T, k] · B with B = Wᵀ (forward) or W (backward). Every sum runs over k in the same order whatever T,
// the threads and the neighbours in its tile are.
void FrozenMatrix::Packed::product(bool forward, const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
                                   std::span<const LowRank> extra) const {
  if (T <= 0) return;
  const int64_t k = forward ? n_in : n_out, n = forward ? n_out : n_in;
  const int64_t k_padded = round_up(k, lanes), ldp = k_padded / 2 + 16;  // pairs; the 16 keep rows out of one cache set
  const Parts tokens(T, kTokens);
  const int64_t panel_work = ceil_div(T, tokens.count) * k * lanes;
  // Where the inputs of all passes together would not stay in the cache, several panels share each pass over them.
  const bool is_long = k > kLong;
  const Parts groups(ceil_div(n, lanes), std::max<int64_t>(is_long ? kShare : 1, kWork / panel_work));
  const Parts passes(k_padded / lanes, kReduce * (pairs ? 2 : 1) / lanes);

  AlignedBuffer converted(pairs ? T * ldp * 4 : 0);
  if (pairs) {
    const Parts rows(T, std::max<int64_t>(1, kWork / k));
    pool.parallel_for(rows.count, [&](int64_t part) {
      for (int64_t r = rows.begin(part); r < rows.begin(part + 1); r++) {
        uint16_t* out = converted.as<uint16_t>() + r * ldp * 2;
        t.f32_to_bf16(x + r * k, k, out);
        std::fill(out + k, out + k_padded, uint16_t{0});
      }
    });
  }

  pool.parallel_for(groups.count * tokens.count, [&](int64_t chunk) {
    alignas(64) float scratch[kReduce * kMaxLanes];
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
        for (const LowRank& e : extra) add_low_rank(e, y, n, panel, first, tiles, scratch);
    }
  });
}

// The share of `e` in one panel of y, for the rows of `tiles`, which begin at `first`.
void FrozenMatrix::Packed::add_low_rank(const LowRank& e, float* y, int64_t n, int64_t panel, int64_t first,
                                        const Parts& tiles, float* scratch) const {
  const int64_t from = std::max(e.first, panel * lanes), to = std::min(e.first + e.n, (panel + 1) * lanes);
  if (from >= to) return;
  const int64_t cols = to - from;
  for (int64_t begin = 0; begin < e.rank; begin += kReduce) {  // U[begin..end, from..to] as a panel
    const int64_t end = std::min(e.rank, begin + kReduce);
    const float* b = scratch;
    int64_t ldb = lanes;
    if (!e.transposed && cols == lanes) {
      b = e.u + begin * e.n + from - e.first;
      ldb = e.n;
    } else if (e.transposed) {
      t.transpose(e.u + (from - e.first) * e.rank + begin, e.rank, cols, end - begin, scratch, lanes);
    } else {
      for (int64_t r = begin; r < end; r++)
        std::copy_n(e.u + r * e.n + from - e.first, cols, scratch + (r - begin) * lanes);
    }
    const kernels::Ahead nothing{reinterpret_cast<const char*>(b), end - begin, 0, 0};
    for (int64_t i = 0; i < tiles.count; i++) {
      const int64_t row = first + tiles.begin(i), rows = tiles.begin(i + 1) - tiles.begin(i);
      t.tile({rows, cols, end - begin, e.h + row * e.ldh + begin, e.ldh, b, ldb, y + row * n + from, n, e.scale, true,
              nothing});
    }
  }
}

FrozenMatrix::FrozenMatrix(int64_t n_out, int64_t n_in, Precision precision, const RowReader& read, ThreadPool& pool,
                           Isa isa) {
  if (n_out <= 0 || n_in <= 0) throw Error("corrupt", "a weight matrix has no rows or no columns");
  packed_ = std::make_unique<Packed>(n_out, n_in, precision, isa);
  pool.parallel_for(packed_->panels, [&](int64_t panel) { packed_->pack_panel(panel, read); });
}

FrozenMatrix::~FrozenMatrix() = default;
FrozenMatrix::FrozenMatrix(FrozenMatrix&&) noexcept = default;
FrozenMatrix& FrozenMatrix::operator=(FrozenMatrix&&) noexcept = default;

int64_t FrozenMatrix::n_out() const { return packed_->n_out; }
int64_t FrozenMatrix::n_in() const { return packed_->n_in; }
int64_t FrozenMatrix::bytes() const { return packed_->bytes; }

void FrozenMatrix::forward(const float* x, float* y, int64_t T, bool accumulate, ThreadPool& pool,
                           std::span<const LowRank> extra) const {
  packed_->product(true, x, y, T, accumulate, pool, extra);
}

void FrozenMatrix::backward(const float* dy, float* dx, int64_t T, bool accumulate, ThreadPool& pool,
                            std::span<const LowRank> extra) const {
  packed_->product(false, dy, dx, T, accumulate, pool, extra);
}

void FrozenMatrix::row(int64_t i, float* out) const {
  const Packed& p = *packed_;
  const int64_t panel = i / p.lanes, lane = i % p.lanes;
  for (int64_t j = 0; j < p.n_in; j++) {
    if (p.precision == Precision::f32) {
      out[j] = p.full(panel, j)[lane];
    } else if (p.pairs) {
      p.widen(p.data.as<uint16_t>() + p.offset(panel, 0) + j / 2 * 2 * p.lanes + lane * 2 + j % 2, 1, out + j);
    } else {
      p.widen(p.half(panel, j) + lane, 1, out + j);
    }
  }
}

}  // namespace engram
