// Every family of kernels this CPU has, against sums in double: odd sizes, both directions, all transposes, and the
// promises of gemm.hpp: same result for any number of threads and for any neighbours in the batch.
#include "gemm/gemm.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <vector>

#include "check.hpp"
#include "cpu.hpp"
#include "gemm/int8.hpp"

using namespace engram;

namespace {

std::vector<float> random(int64_t n, uint32_t seed) {
  std::vector<float> x(static_cast<size_t>(n));
  for (float& v : x) {
    seed = seed * 1664525u + 1013904223u;
    v = static_cast<float>(seed >> 8) / (1 << 23) - 1.0f;
  }
  return x;
}

FrozenMatrix pack(const std::vector<float>& w, int64_t n_out, int64_t n_in, Precision precision, ThreadPool& pool,
                  Isa isa) {
  const auto read = [&](int64_t row, int64_t count, float* out) {
    std::memcpy(out, w.data() + row * n_in, static_cast<size_t>(count * n_in) * sizeof(float));
  };
  return FrozenMatrix(n_out, n_in, precision, read, pool, isa);
}

struct Size {
  int64_t T, n_out, n_in;
};
const Size kSizes[] = {{1, 1, 1},    {1, 33, 7},    {3, 5, 65},    {7, 16, 32},  {8, 31, 33},   {13, 70, 576},
                       {32, 64, 96}, {33, 97, 130}, {129, 40, 50}, {5, 600, 48}, {2, 40, 1100}, {9, 4100, 40}};

// Half-precision inputs lose 2^-8 of each product at the most; sums of n values of random sign lose about sqrt(n) of
// that.
double tolerance(Precision precision, Isa isa, int64_t n) {
  // Bytes: half of 1/127 of the largest of a group, here at most 1, and twice that at the worst.
  const double each = precision == Precision::int8                             ? 8e-3
                      : precision == Precision::bf16 && isa == Isa::avx512bf16 ? 4e-3
                                                                               : 1e-6;
  return each * (1 + std::sqrt(static_cast<double>(n)));
}

template <class F>
void for_every_kind(F f) {
  for (const Isa isa : available_isas())
    for (const Precision precision : {Precision::f32, Precision::f16, Precision::bf16, Precision::int8})
      f(isa, precision);
}

}  // namespace

TEST(frozen_matrix_matches_double) {
  ThreadPool pool(2);
  for_every_kind([&](Isa isa, Precision precision) {
    for (const auto& [T, n_out, n_in] : kSizes) {
      const std::vector<float> w = random(n_out * n_in, 1), x = random(T * n_in, 2), dy = random(T * n_out, 3);
      const FrozenMatrix matrix = pack(w, n_out, n_in, precision, pool, isa);
      CHECK(matrix.n_out() == n_out && matrix.n_in() == n_in && matrix.bytes() >= n_out * n_in);

      std::vector<float> stored(w.size()), unit(static_cast<size_t>(n_in)), column(static_cast<size_t>(n_out));
      for (int64_t i = 0; i < n_in; i++) {  // W as it is stored, column by column
        std::fill(unit.begin(), unit.end(), 0.0f);
        unit[i] = 1;
        matrix.forward(unit.data(), column.data(), 1, false, pool);
        for (int64_t o = 0; o < n_out; o++) stored[o * n_in + i] = column[o];
      }
      const double rounding = precision == Precision::f32    ? 0
                              : precision == Precision::f16  ? 5e-4
                              : precision == Precision::bf16 ? 4.1e-3
                                                             : 0.52 / kernels::int8_table(isa).most;
      double worst = 0;
      for (size_t i = 0; i < w.size(); i++) worst = std::max(worst, std::abs(double{stored[i]} - w[i]));
      CHECK_NEAR(worst, 0, rounding);

      for (const bool accumulate : {false, true}) {
        std::vector<float> y(static_cast<size_t>(T * n_out), accumulate ? 0.5f : NAN);
        matrix.forward(x.data(), y.data(), T, accumulate, pool);
        worst = 0;
        for (int64_t r = 0; r < T; r++)
          for (int64_t o = 0; o < n_out; o++) {
            double sum = accumulate ? 0.5 : 0;
            for (int64_t i = 0; i < n_in; i++) sum += double{x[r * n_in + i]} * stored[o * n_in + i];
            const double error = std::abs(sum - y[r * n_out + o]);
            worst = error <= worst ? worst : error;  // NaN wins
          }
        CHECK_NEAR(worst, 0, tolerance(precision, isa, n_in));

        std::vector<float> dx(static_cast<size_t>(T * n_in), accumulate ? 0.5f : NAN);
        matrix.backward(dy.data(), dx.data(), T, accumulate, pool);
        worst = 0;
        for (int64_t r = 0; r < T; r++)
          for (int64_t i = 0; i < n_in; i++) {
            double sum = accumulate ? 0.5 : 0;
            for (int64_t o = 0; o < n_out; o++) sum += double{dy[r * n_out + o]} * stored[o * n_in + i];
            const double error = std::abs(sum - dx[r * n_in + i]);
            worst = error <= worst ? worst : error;
          }
        CHECK_NEAR(worst, 0, tolerance(precision, isa, n_out));
      }
    }
  });
}

TEST(frozen_matrix_adds_low_rank) {
  ThreadPool pool(2);
  const int64_t T = 37, n_out = 90, n_in = 70, r = 5;
  const std::vector<float> w = random(n_out * n_in, 1), x = random(T * n_in, 2), h = random(T * 2 * r, 3);
  const std::vector<float> B = random(50 * r, 4), A = random(r * n_in, 5), dy = random(T * n_out, 6);
  for_every_kind([&](Isa isa, Precision precision) {
    const FrozenMatrix matrix = pack(w, n_out, n_in, precision, pool, isa);
    // Of a stack of three, columns 20 to 69 have a pair; the other one covers everything.
    const LowRank up = {h.data(), 2 * r, r, 0.5f, B.data(), 20, 50, true};
    const LowRank all = {h.data() + r, 2 * r, r, 2, A.data(), 0, n_in, false};
    std::vector<float> plain(static_cast<size_t>(T * n_out)), y(plain.size());
    matrix.forward(x.data(), plain.data(), T, false, pool);
    matrix.forward(x.data(), y.data(), T, false, pool, {&up, 1});
    std::vector<float> dx_plain(static_cast<size_t>(T * n_in)), dx(dx_plain.size());
    matrix.backward(dy.data(), dx_plain.data(), T, false, pool);
    matrix.backward(dy.data(), dx.data(), T, false, pool, {&all, 1});
    for (int64_t t = 0; t < T; t++) {
      for (int64_t o = 0; o < n_out; o++) {
        double sum = 0;
        for (int64_t i = 0; i < r && o >= 20 && o < 70; i++) sum += 0.5 * h[t * 2 * r + i] * B[(o - 20) * r + i];
        CHECK_NEAR(y[t * n_out + o] - plain[t * n_out + o], sum, 1e-4);
      }
      for (int64_t i = 0; i < n_in; i++) {
        double sum = 0;
        for (int64_t j = 0; j < r; j++) sum += 2.0 * h[t * 2 * r + r + j] * A[j * n_in + i];
        CHECK_NEAR(dx[t * n_in + i] - dx_plain[t * n_in + i], sum, 1e-4);
      }
    }
  });
}

// Those that this CPU has.
static std::vector<const kernels::Int8Table*> int8_tables() {
  using namespace kernels;
  std::vector<const Int8Table*> tables = {&int8_table(best_isa())};
#if defined(__x86_64__)
  if (cpu_features().avx2) tables.push_back(&int8_avx2);
  if (cpu_features().avx_vnni) tables.push_back(&int8_avxvnni);
  if (cpu_features().avx512_vnni) tables.push_back(&int8_avx512vnni);
#elif defined(__aarch64__)
  if (cpu_features().neon_dotprod) tables.push_back(&int8_dotprod);
  if (cpu_features().neon_i8mm) tables.push_back(&int8_i8mm);
#endif
  return tables;
}

// To the bit: halves between two bytes, groups of all sizes and magnitudes, and what is no number.
TEST(int8_rounds_alike_with_every_instruction_set) {
  using namespace kernels;
  const auto filled = [](int64_t n, const auto& value) {
    std::vector<float> out(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; i++) out[i] = value(i);
    return out;
  };
  const std::vector<float> noise = random(1024, 1), factor = random(1024, 2);
  for (const int64_t n : {1, 4, 31, 32, 33, 64, 96, 100, 300, 576}) {
    std::vector<std::vector<float>> inputs;
    inputs.push_back(filled(n, [](int64_t i) { return i == 0 ? 127.0f : static_cast<float>(i % 253 - 126) + 0.5f; }));
    for (const float size : {1.0f, 3e38f, 1e-30f, 4e-37f, 3.8e-37f, 3.7e-37f, 3e-37f, 1e-37f, 1.2e-38f, 1e-40f, 0.0f})
      inputs.push_back(filled(n, [&](int64_t i) { return noise[i] * size; }));
    for (const float bad : {NAN, INFINITY, -INFINITY})
      inputs.push_back(filled(n, [&](int64_t i) { return i == n / 2 ? bad : noise[i]; }));
    const size_t groups = static_cast<size_t>((n + kInt8Group - 1) / kInt8Group);
    for (const std::vector<float>& x : inputs) {
      for (const float* f : {static_cast<const float*>(nullptr), factor.data()}) {
        const auto rounded = [&](const Int8Table& t) {
          std::vector<int8_t> q(static_cast<size_t>(n));
          std::vector<float> scales(groups);
          std::vector<int32_t> sums(groups);
          t.quantize(x.data(), f, n, q.data(), scales.data(), sums.data());
          for (size_t g = 0; g < groups; g++) {
            int32_t sum = 0;
            for (int64_t i = g * kInt8Group; i < n && i < static_cast<int64_t>(g + 1) * kInt8Group; i++) sum += q[i];
            CHECK(sums[g] == -t.offset * sum);
          }
          std::vector<uint32_t> bits(groups);
          std::memcpy(bits.data(), scales.data(), groups * sizeof(float));
          return std::tuple(q, bits, scales);
        };
        const auto expected = rounded(int8_portable);
        for (const Int8Table* t : int8_tables()) {
          const auto found = rounded(*t);
          CHECK(std::get<0>(found) == std::get<0>(expected));
          CHECK(std::get<1>(found) == std::get<1>(expected));
        }
        for (int64_t i = 0; i < n; i++) {  // what is lost is less than half a step, or than a float could show
          const float scale = std::get<2>(expected)[i / kInt8Group], value = f != nullptr ? x[i] * f[i] : x[i];
          if (!std::isfinite(scale) || std::abs(scale) < 3e-39f) continue;
          CHECK_NEAR(scale * std::get<0>(expected)[i], value, 0.501 * scale);
        }
      }
    }
  }
}

// A panel of weights from -most to most, as a table wants it.
static std::vector<uint8_t> panel_of(const std::vector<int>& weights, int64_t k, const kernels::Int8Table& t) {
  std::vector<uint8_t> out(weights.size());
  for (int64_t p = 0; p < k; p++)
    for (int64_t lane = 0; lane < kernels::kInt8Lanes; lane++) {
      const int64_t at = p / t.depth * t.depth * kernels::kInt8Lanes + lane * t.depth + p % t.depth;
      out[at] = static_cast<uint8_t>(weights[p * kernels::kInt8Lanes + lane] + t.offset);
    }
  return out;
}

// Six rows of noise times a panel, of which `rows` and `cols` are wanted. What is not must be left as it was.
static std::vector<float> product_of(const kernels::Int8Table& t, const std::vector<int>& weights, int64_t k,
                                     int64_t rows, int64_t cols, bool accumulate) {
  using namespace kernels;
  const std::vector<float> x = random(6 * k, 1), factor = random(k, 2), lane_scale = random(32, 3);
  const std::vector<uint8_t> w = panel_of(weights, k, t);
  const int64_t groups = (k + kInt8Group - 1) / kInt8Group;
  std::vector<float> scales(static_cast<size_t>(6 * groups)), out(6 * 33, 1);
  std::vector<int32_t> sums(scales.size());
  std::vector<int8_t> q(static_cast<size_t>(6 * k));
  for (int64_t r = 0; r < 6; r++)
    t.quantize(&x[r * k], factor.data(), k, &q[r * k], &scales[r * groups], &sums[r * groups]);
  const Ahead nothing{reinterpret_cast<const char*>(w.data()), k / 4, 0, 0};
  for (int64_t r = 0; r < rows; r += t.rows) {
    const int64_t count = std::min(t.rows, rows - r);
    t.tile({count, cols, k, &q[r * k], k, &scales[r * groups], &sums[r * groups], groups, w.data(), lane_scale.data(),
            &out[r * 33], 33, accumulate, nothing});
  }
  return out;
}

// To the bit: sums of bytes are exact, and what follows is rounded in one order.
TEST(int8_kernels_match_the_portable_one) {
  using namespace kernels;
  for (const Int8Table* t : int8_tables()) {
    for (const int64_t k : {4, 64, 128, 132, 300, 448, 1024}) {
      if (k % t->step != 0) continue;
      std::vector<int> weights(static_cast<size_t>(k * 32));
      for (size_t i = 0; i < weights.size(); i++) weights[i] = static_cast<int>(i * 7919 % (2 * t->most + 1)) - t->most;
      for (const int64_t rows : {1, 2, 3, 4, 5, 6})
        for (const int64_t cols : {1, 5, 16, 19, 31, 32})
          for (const bool accumulate : {false, true}) {
            const std::vector<float> got = product_of(*t, weights, k, rows, cols, accumulate);
            const std::vector<float> expected = product_of(int8_portable, weights, k, rows, cols, accumulate);
            CHECK(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)) == 0);
          }
    }
    std::vector<uint8_t> block(1024), turned(1024), back(1024);
    for (size_t i = 0; i < block.size(); i++) block[i] = static_cast<uint8_t>(i * 31 + i / 256);
    t->transpose(block.data(), turned.data());
    const auto at = [&](int64_t i, int64_t o) { return i / t->depth * t->depth * 32 + o * t->depth + i % t->depth; };
    CHECK(turned[at(6, 9)] == block[at(9, 6)] && turned[at(31, 0)] == block[at(0, 31)]);
    t->transpose(turned.data(), back.data());
    CHECK(back == block);
  }
}

// To the bit: ties, both ends of the range, what is too small for a half; what is no number stays none.
TEST(halves_are_rounded_alike_with_every_instruction_set) {
  std::vector<float> values = random(999, 1);
  for (uint32_t high = 0; high < 0x10000; high++)
    for (const uint32_t low : {0u, 1u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const uint32_t bits = high << 16 | low;
      float value;
      std::memcpy(&value, &bits, sizeof value);
      values.push_back(value);
    }
  const int64_t n = static_cast<int64_t>(values.size());
  const auto rounded = [&](auto convert) {
    std::vector<uint16_t> out(values.size());
    convert(values.data(), n, out.data());
    return out;
  };
  for (const Isa isa : available_isas()) {
    const kernels::Table& t = kernels::table(isa);
    const auto same = [&](auto convert, auto reference, uint16_t infinity, float least) {
      const std::vector<uint16_t> got = rounded(convert), expected = rounded(reference);
      for (size_t i = 0; i < got.size(); i++) {
        if (std::isnan(values[i])) {
          CHECK((got[i] & 0x7fff) > infinity);
        } else if (std::abs(values[i]) >= least) {
          CHECK(got[i] == expected[i]);
        }
      }
    };
    same(t.f32_to_f16, kernels::portable.f32_to_f16, 0x7c00, 0);
    // The instruction of AVX-512 takes what is below the normal floats for zero.
    same(t.f32_to_bf16, kernels::portable.f32_to_bf16, 0x7f80, isa == Isa::avx512bf16 ? 0x1p-125f : 0);
  }
}

TEST(int8_shows_what_is_broken) {
  ThreadPool pool(1);
  const std::vector<float> w(300 * 40, 1);
  const FrozenMatrix matrix = pack(w, 40, 300, Precision::int8, pool, best_isa());
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> x(600, 1), y(80);
    x[317] = bad;
    matrix.forward(x.data(), y.data(), 2, false, pool);
    CHECK_NEAR(y[0], 300, 3);
    CHECK(!std::isfinite(y[40]));
  }
  for (const float tiny : {1e-41f, 1.2e-38f, 1e-37f, 3.7e-37f}) {  // too small for a scale: nothing, and not NaN
    std::vector<float> x(300, tiny), y(40);
    matrix.forward(x.data(), y.data(), 1, false, pool);
    CHECK(y[0] == 0);
  }
}

TEST(frozen_matrix_is_deterministic) {
  const int64_t T = 150, n_out = 200, n_in = 330;
  ThreadPool one(1), four(4);
  const std::vector<float> w = random(n_out * n_in, 1), x = random(T * n_in, 2);
  for_every_kind([&](Isa isa, Precision precision) {
    const FrozenMatrix matrix = pack(w, n_out, n_in, precision, four, isa);
    std::vector<float> a(static_cast<size_t>(T * n_out)), b(a.size()), row(static_cast<size_t>(n_out));
    matrix.forward(x.data(), a.data(), T, false, one);
    matrix.forward(x.data(), b.data(), T, false, four);
    CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
    matrix.forward(x.data() + 77 * n_in, row.data(), 1, false, one);  // a token does not depend on its neighbours
    CHECK(std::memcmp(a.data() + 77 * n_out, row.data(), row.size() * sizeof(float)) == 0);
  });
}

TEST(frozen_matrix_takes_unaligned_inputs) {
  const int64_t T = 9, n = 50;
  ThreadPool pool(1);
  const std::vector<float> w = random(n * n, 1), x = random(T * n, 2);
  for_every_kind([&](Isa isa, Precision precision) {
    const FrozenMatrix matrix = pack(w, n, n, precision, pool, isa);
    std::vector<float> shifted(x.size() + 1), a(static_cast<size_t>(T * n)), b(a.size() + 1);
    std::memcpy(shifted.data() + 1, x.data(), x.size() * sizeof(float));
    matrix.backward(x.data(), a.data(), T, false, pool);
    matrix.backward(shifted.data() + 1, b.data() + 1, T, false, pool);
    CHECK(std::memcmp(a.data(), b.data() + 1, a.size() * sizeof(float)) == 0);
  });
}

TEST(gemm_matches_double) {
  ThreadPool pool(2);
  const int64_t sizes[][3] = {{1, 1, 1},      {8, 33, 70},  {70, 8, 33},  {33, 70, 8},
                              {100, 16, 300}, {5, 200, 17}, {65, 130, 40}};
  for (const Isa isa : available_isas())
    for (const auto& [m, n, k] : sizes)
      for (const bool ta : {false, true})
        for (const bool tb : {false, true})
          for (const float beta : {0.0f, 1.0f, 0.25f}) {
            const int64_t lda = (ta ? m : k) + 3, ldb = (tb ? k : n) + 1, ldc = n + 2;
            const std::vector<float> a = random((ta ? k : m) * lda - 3, 1), b = random((tb ? n : k) * ldb - 1, 2);
            std::vector<float> c(static_cast<size_t>(m * ldc - 2), beta == 0 ? NAN : 2.0f);
            const float canary = c.size() > static_cast<size_t>(n) ? c[static_cast<size_t>(n)] : 0;
            gemm({ta, tb, m, n, k, 0.5f, a.data(), lda, b.data(), ldb, beta, c.data(), ldc}, pool, isa);
            double worst = 0;
            for (int64_t i = 0; i < m; i++)
              for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t p = 0; p < k; p++)
                  sum += double{ta ? a[p * lda + i] : a[i * lda + p]} * (tb ? b[j * ldb + p] : b[p * ldb + j]);
                const double error = std::abs(0.5 * sum + 2.0 * beta - c[i * ldc + j]);
                worst = error <= worst ? worst : error;
              }
            CHECK_NEAR(worst, 0, 1e-5 * (1 + std::sqrt(static_cast<double>(k))));
            if (m > 1) CHECK(std::memcmp(&canary, &c[static_cast<size_t>(n)], sizeof canary) == 0);  // the gap is kept
          }
}

TEST(gemm_of_an_empty_sum_scales_c) {
  ThreadPool pool(1);
  for (const Isa isa : available_isas()) {
    float c[4] = {1, 2, 3, 4};
    gemm({false, false, 2, 2, 0, 1, nullptr, 1, nullptr, 2, 0.5f, c, 2}, pool, isa);
    CHECK(c[0] == 0.5f && c[3] == 2);
    gemm({false, false, 2, 2, 0, 1, nullptr, 1, nullptr, 2, 0, c, 2}, pool, isa);
    CHECK(c[0] == 0 && c[3] == 0);
  }
}

TEST(gemm_is_deterministic) {
  const int64_t m = 16, n = 700, k = 300;
  ThreadPool one(1), three(3);
  const std::vector<float> a = random(m * k, 1), b = random(n * k, 2);
  for (const Isa isa : available_isas())
    for (const bool ta : {false, true})
      for (const bool tb : {false, true}) {
        std::vector<float> c(static_cast<size_t>(m * n)), d(c.size());
        gemm({ta, tb, m, n, k, 1, a.data(), ta ? m : k, b.data(), tb ? k : n, 0, c.data(), n}, one, isa);
        gemm({ta, tb, m, n, k, 1, a.data(), ta ? m : k, b.data(), tb ? k : n, 0, d.data(), n}, three, isa);
        CHECK(std::memcmp(c.data(), d.data(), c.size() * sizeof(float)) == 0);
      }
}

TEST(cpu_names_what_it_has) {
  CHECK(isa_available(best_isa()));
  CHECK(isa_available(Isa::portable));
  CHECK(std::string(isa_name(Isa::avx2)) == "avx2");
  CHECK(measure_peak(1, 3).f32 > 0);
}
