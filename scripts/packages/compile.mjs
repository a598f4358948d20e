// Compiles engram.node and hnswlib.node for one platform with native/Makefile and zig. Nothing of this machine gets into them, so
// the same sources and zig make the same bytes. Not here: what becomes of them (pack.mjs), whether they may be shipped (check.mjs).
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, at } from '../set-up/paths.mjs';
import { phase } from '../set-up/progress.mjs';
import { run } from '../set-up/run.mjs';
import { TARGETS } from './targets.mjs';
import { windowsParts } from './windows.mjs';
import { zig } from './zig.mjs';

/** All that a Node addon shows. */
const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

const COMMON = [
  '-Wno-error',
  '-g0',
  '-fno-sanitize=all',
  '-fvisibility-inlines-hidden',
  '-ffunction-sections',
  '-fdata-sections',
];

/** The paths of the files, by name. `folder`: where objects and results go; `cache`: zig's, in place of the usual one. */
export async function compile(
  platform,
  { folder = at('build', 'packages', platform), jobs = defaultJobs(), cache } = {},
) {
  const target = TARGETS[platform];
  const files = ['engram.node', 'hnswlib.node'].map((name) => join(folder, name));
  mkdirSync(folder, { recursive: true });
  const { flags, parts, libraries } = linking(target, folder);
  const kernels = execFileSync(process.execPath, [at('native', 'kernels.mjs'), 'make'], { encoding: 'utf8' });
  const env = cache === undefined ? {} : { ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache };
  await phase(`Compiling for ${platform}`, async () => {
    const args = [
      '-f',
      at('native', 'Makefile'),
      `-j${jobs}`,
      `CXX=${await zig()} c++ -target ${target.zig}`,
      `ARCH=${target.arch}`,
      `OUT=${folder}`,
      `CXXFLAGS=${[...COMMON, `-ffile-prefix-map=${ROOT}=.`].join(' ')}`,
      `ADDON_FLAGS=${flags.join(' ')}`,
      `ADDON_PARTS=${parts.join(' ')}`,
      `LIBS=${libraries.join(' ')}`,
      ...forZig(kernels),
      ...files,
    ];
    await run(process.env.MAKE ?? 'make', args, { env });
  });
  return Object.fromEntries(files.map((path) => [path.slice(dirname(path).length + 1), path]));
}

/** Half the memory that a file takes to compile is a gigabyte's. */
const defaultJobs = () => Number(process.env.ENGRAM_BUILD_JOBS ?? availableParallelism());

/** Zig knows ARM's instruction sets by other names than GCC and Clang, and takes none of theirs. */
export function forZig(kernels) {
  const assignments = kernels.trim().split(' ');
  return assignments
    .filter((one) => one.includes('-march=armv8.2-a'))
    .map((one) => one.replace('-march=armv8.2-a', '-mcpu=generic+v8_2a').replace(':=', '=').replaceAll(',', ' '));
}

function linking({ format }, folder) {
  if (format === 'elf') {
    const map = join(folder, 'exports.map');
    writeFileSync(map, `{ global: ${EXPORTS.join('; ')}; local: *; };\n`);
    const flags = ['-s', '-Wl,--gc-sections', `-Wl,--version-script=${map}`];
    return { flags, parts: [], libraries: ['-ldl', '-lpthread'] };
  }
  if (format === 'macho') {
    return { flags: ['-s', '-Wl,-dead_strip', '-Wl,-undefined,dynamic_lookup'], parts: [], libraries: [] };
  }
  return { flags: ['-s'], parts: windowsParts(folder), libraries: [] };
}
