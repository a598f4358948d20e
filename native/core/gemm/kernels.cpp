// From an instruction set to its table of kernels.
#include "kernels.hpp"

#include "../cpu.hpp"
#include "../error.hpp"
#include "int8.hpp"

namespace engram::kernels {

const Table& table(Isa isa) {
  if (!isa_available(isa)) throw Error("unsupported", std::string("this CPU has no ") + isa_name(isa));
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return avx2;
    case Isa::avx512:
      return avx512;
    case Isa::avx512bf16:
      return avx512bf16;
#elif defined(__aarch64__)
    case Isa::neon:
      return neon;
#endif
    default:
      return portable;
  }
}

const Int8Table& int8_table(Isa isa) {
#if defined(__x86_64__)
  const CpuFeatures& cpu = cpu_features();
  if (isa >= Isa::avx512 && cpu.avx512_vnni) return int8_avx512vnni;
  if (isa >= Isa::avx2) return cpu.avx_vnni ? int8_avxvnni : int8_avx2;
#elif defined(__aarch64__)
  const CpuFeatures& cpu = cpu_features();
  if (isa == Isa::neon && cpu.neon_i8mm) return int8_i8mm;
  if (isa == Isa::neon && cpu.neon_dotprod) return int8_dotprod;
#endif
  static_cast<void>(isa);
  return int8_portable;
}

}  // namespace engram::kernels
