// The instruction sets that have kernels of their own, and what their files are compiled with: the one list that binding.gyp
// and native/Makefile read. A file of kernels has the name of its set. Not here: which of them a CPU has (core/cpu.cpp).
//   node native/kernels.mjs core          core's files but for those of one instruction set
//   node native/kernels.mjs flags NAME    the compiler's flags for the files of that name
//   node native/kernels.mjs make          the list as assignments, for make
import { readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const avx2 = ['-mavx2', '-mfma', '-mf16c'];
const avx512 = [
  ...avx2,
  ...['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mprefer-vector-width=512'],
  // GCC 12's AVX-512 headers warn of their own deliberately undefined registers.
  ...['-Wno-uninitialized', '-Wno-unknown-warning-option', '-Wno-maybe-uninitialized'],
];
const x86 = {
  avx2,
  avx512,
  avx512bf16: [...avx512, '-mavx512bf16', '-mavx512vnni'],
  int8_avx2: avx2,
  int8_avxvnni: [...avx2, '-mavxvnni'],
  int8_avx512vnni: [...avx512, '-mavx512vnni'],
};
const arm = {
  neon: [],
  int8_dotprod: ['-march=armv8.2-a+dotprod'],
  int8_i8mm: ['-march=armv8.2-a+dotprod+i8mm'],
};
const all = { ...x86, ...arm };

const [what, name] = process.argv.slice(2);
if (what === 'core') {
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'core');
  const files = readdirSync(folder, { recursive: true }).map((file) => file.split(sep).join('/'));
  const isOfOne = (file) => file.replace(/^.*\//, '').replace(/\.cpp$/, '') in all;
  const found = files.filter((file) => file.endsWith('.cpp') && !isOfOne(file)).sort();
  console.log(found.map((file) => `native/core/${file}`).join(' '));
} else if (what === 'flags' && name in all) {
  console.log(all[name].join(' '));
} else if (what === 'make') {
  const lists = [
    ['ISA_X86', Object.keys(x86)],
    ['ISA_ARM', Object.keys(arm)],
  ];
  for (const set of Object.keys(all)) lists.push([`FLAGS_${set}`, all[set]]);
  console.log(lists.map(([variable, words]) => `${variable}:=${words.join(',')}`).join(' ')); // commas are blanks
} else {
  console.error('Usage: node native/kernels.mjs core | flags NAME | make');
  process.exit(2);
}
