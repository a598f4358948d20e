// Reads the processor's feature bits once and measures its peak on request.
#include "cpu.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "error.hpp"
#include "gemm/int8.hpp"
#include "gemm/kernels.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace engram {
namespace {

using Clock = std::chrono::steady_clock;

#if defined(__x86_64__)
CpuFeatures detect() {
  CpuFeatures found;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  const bool fma = c >> 12 & 1, f16c = c >> 29 & 1, osxsave = c >> 27 & 1, avx = c >> 28 & 1;
  if (!osxsave || !avx) return found;
  uint32_t low, high;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const bool saves_ymm = (low & 0x06) == 0x06, saves_zmm = (low & 0xe6) == 0xe6;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  const uint32_t avx512_bits = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;  // F, DQ, BW, VL
  found.avx2 = saves_ymm && fma && f16c && (b >> 5 & 1);
  found.avx512 = saves_zmm && found.avx2 && (b & avx512_bits) == avx512_bits;
  found.avx512_vnni = found.avx512 && (c >> 11 & 1);
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return found;
  found.avx_vnni = found.avx2 && (a >> 4 & 1);
  found.avx512_bf16 = found.avx512 && (a >> 5 & 1);
  return found;
}
#elif defined(__aarch64__)
CpuFeatures detect() {
  CpuFeatures found;
  found.neon = true;
#if defined(__linux__)
  found.neon_dotprod = getauxval(AT_HWCAP) >> 20 & 1;
  found.neon_i8mm = found.neon_dotprod && (getauxval(AT_HWCAP2) >> 13 & 1);
  found.neon_bf16 = getauxval(AT_HWCAP2) >> 14 & 1;
#elif defined(__APPLE__)
  const auto has = [](const char* name) {
    int is_there = 0;
    size_t size = sizeof is_there;
    return sysctlbyname(name, &is_there, &size, nullptr, 0) == 0 && is_there;
  };
  found.neon_dotprod = true;  // every Mac with such a processor; the system names it from macOS 12 on
  found.neon_i8mm = has("hw.optional.arm.FEAT_I8MM");
  found.neon_bf16 = has("hw.optional.arm.FEAT_BF16");
#endif
  return found;
}
#else
CpuFeatures detect() { return {}; }
#endif

// What is left of `found` up to the level of that name.
CpuFeatures limited(const CpuFeatures& found, const std::string& name) {
  struct Level {
    const char* name;
    bool CpuFeatures::*feature;
  };
  constexpr Level levels[] = {{"avx2", &CpuFeatures::avx2},
                              {"avxvnni", &CpuFeatures::avx_vnni},
                              {"avx512", &CpuFeatures::avx512},
                              {"avx512vnni", &CpuFeatures::avx512_vnni},
                              {"avx512bf16", &CpuFeatures::avx512_bf16},
                              {"neon", &CpuFeatures::neon},
                              {"dotprod", &CpuFeatures::neon_dotprod},
                              {"i8mm", &CpuFeatures::neon_i8mm}};
  CpuFeatures left;
  if (name == "portable") return left;
  for (const Level& level : levels) {
    left.*level.feature = found.*level.feature;
    if (name != level.name) continue;
    if (found.*level.feature) return left;
    throw Error("unsupported", "ENGRAM_ISA is " + name + ", which this CPU does not have.");
  }
  throw Error("usage", "ENGRAM_ISA is " + name + ", which is no instruction set.",
              "There are: portable, avx2, avxvnni, avx512, avx512vnni, avx512bf16, neon, dotprod, i8mm.");
}

// GFLOP/s of one peak loop on `threads` threads at once: the best of the runs that fit into `ms`.
double best_rate(double (*loop)(int64_t), int threads, double ms) {
  if (!loop) return 0;
  int64_t rounds = 1000;
  double best = 0;
  const Clock::time_point end = Clock::now() + std::chrono::microseconds(static_cast<int64_t>(ms * 1000));
  do {
    const Clock::time_point start = Clock::now();
    const double operations = loop(rounds);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds > 0 && operations / seconds > best) best = operations / seconds;
    if (seconds < 20e-6) rounds *= 2;  // long enough for the clock, short enough to fit between two interruptions
  } while (Clock::now() < end);
  return best * 1e-9 * threads;
}

double measure(double (*loop)(int64_t), int threads, int ms) {
  if (!loop) return 0;
  std::vector<double> rates(static_cast<size_t>(threads));
  std::vector<std::thread> others;
  for (int i = 1; i < threads; i++)
    others.emplace_back([&, i] { rates[static_cast<size_t>(i)] = best_rate(loop, 1, ms); });
  rates[0] = best_rate(loop, 1, ms);
  for (std::thread& other : others) other.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures found = [] {
    const char* limit = std::getenv("ENGRAM_ISA");
    return limit != nullptr && *limit != '\0' ? limited(detect(), limit) : detect();
  }();
  return found;
}

std::vector<std::string> cpu_feature_names() {
  const CpuFeatures& f = cpu_features();
  std::vector<std::string> names;
  if (f.avx2) names.insert(names.end(), {"avx2", "fma", "f16c"});
  if (f.avx512) names.push_back("avx512");
  if (f.avx512_bf16) names.push_back("avx512_bf16");
  if (f.avx512_vnni) names.push_back("avx512_vnni");
  if (f.avx_vnni) names.push_back("avx_vnni");
  if (f.neon) names.push_back("neon");
  if (f.neon_dotprod) names.push_back("neon_dotprod");
  if (f.neon_i8mm) names.push_back("neon_i8mm");
  if (f.neon_bf16) names.push_back("neon_bf16");
  return names;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::neon:
      return "neon";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512bf16:
      return "avx512bf16";
    default:
      return "portable";
  }
}

bool isa_available(Isa isa) {
  const CpuFeatures& f = cpu_features();
  switch (isa) {
    case Isa::neon:
      return f.neon;
    case Isa::avx2:
      return f.avx2;
    case Isa::avx512:
      return f.avx512;
    case Isa::avx512bf16:
      return f.avx512_bf16;
    default:
      return true;
  }
}

std::vector<Isa> available_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::portable, Isa::neon, Isa::avx2, Isa::avx512, Isa::avx512bf16})
    if (isa_available(isa)) isas.push_back(isa);
  return isas;
}

Isa best_isa() {
  static const Isa best = available_isas().back();
  return best;
}

Peak measure_peak(int threads, int ms, Isa isa) {
  const kernels::Table& table = kernels::table(isa);
  const int each = ms / 3 > 0 ? ms / 3 : 1;
  return {measure(table.peak_f32, threads, each), measure(table.peak_bf16, threads, each),
          measure(kernels::int8_table(isa).peak, threads, each)};
}

}  // namespace engram
