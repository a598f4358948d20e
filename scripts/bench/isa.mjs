// Measuring as a lesser machine would: the variables that hide instruction sets, from engram's kernels and from what PyTorch
// multiplies with. qvac cannot be held back.

/** By ENGRAM_ISA's names: what ATen's own loops, oneDNN and MKL call the same. */
const LIMITS = {
  avx2: ['avx2', 'AVX2', 'AVX2'],
  avxvnni: ['avx2', 'AVX2_VNNI', 'AVX2'],
  avx512: ['avx512', 'AVX512_CORE', 'AVX512'],
  avx512vnni: ['avx512', 'AVX512_CORE_VNNI', 'AVX512'],
  avx512bf16: ['avx512', 'AVX512_CORE_BF16', 'AVX512'],
};

/** One that can be asked for; throws RangeError. */
export function readIsa(name) {
  if (Object.hasOwn(LIMITS, name)) return name;
  throw new RangeError(`There are: ${Object.keys(LIMITS).join(', ')}.`);
}

/** Holds this process and the children it starts from now on back; nothing native may have been asked before. */
export function limitIsa(name) {
  const [aten, oneDnn, mkl] = LIMITS[name];
  Object.assign(process.env, {
    ENGRAM_ISA: name,
    ATEN_CPU_CAPABILITY: aten,
    ONEDNN_MAX_CPU_ISA: oneDnn,
    MKL_ENABLE_INSTRUCTIONS: mkl,
  });
}
