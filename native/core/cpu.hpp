// What this CPU can do: instruction sets found at run time, the kernel family chosen for it, and its measured peak.
// Nothing can be changed at run time; ENGRAM_ISA in the environment hides what this CPU has beyond a family, so that a
// lesser machine can be measured and tested on a better one.
#pragma once

#include <string>
#include <vector>

namespace engram {

// Families of kernels, from the plainest to the widest. A family is usable only where isa_available() says so.
enum class Isa { portable, neon, avx2, avx512, avx512bf16 };

// Both the processor and the operating system must know an instruction set before it counts as there.
struct CpuFeatures {
  bool avx2 = false;    // with FMA and F16C
  bool avx512 = false;  // F, BW, VL and DQ
  bool avx512_bf16 = false;
  bool avx512_vnni = false;
  bool avx_vnni = false;
  bool neon = false;
  bool neon_dotprod = false;
  bool neon_i8mm = false;
  bool neon_bf16 = false;
};

// Without what ENGRAM_ISA excludes: portable, neon, dotprod, i8mm, avx2, avxvnni, avx512, avx512vnni or avx512bf16,
// each with all that stands before it for the same architecture. Throws `usage` for any other name, `unsupported` for
// what is not there.
const CpuFeatures& cpu_features();
std::vector<std::string> cpu_feature_names();

const char* isa_name(Isa isa);
bool isa_available(Isa isa);
std::vector<Isa> available_isas();
Isa best_isa();

// Measured GFLOP/s (a multiply-add counts as two) of loops that touch registers only; 0 where there is no such
// instruction. The best of many short runs, all threads at once, so that a busy neighbour does not lower it.
struct Peak {
  double f32 = 0;
  double bf16 = 0;
  double int8 = 0;
};
Peak measure_peak(int threads, int ms, Isa isa = best_isa());

}  // namespace engram
