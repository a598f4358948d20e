// How the addon of hnswlib-node is built on this machine. Its own build is for any x86 processor and multiplies four numbers
// at a time; hnswlib has faster loops that only the compiler's flags switch on. Used by set-up and the benchmarks.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of the package; undefined if it is not installed. */
export function hnswlibFolder() {
  try {
    return dirname(createRequire(import.meta.url).resolve('hnswlib-node/package.json'));
  } catch {
    return undefined;
  }
}

export function isBuilt(folder) {
  return existsSync(join(folder, 'build', 'Release', 'addon.node'));
}

/** What node-gyp's environment needs beside what is there: flags for AVX2 and FMA, where this processor has them. */
export function buildEnvironment() {
  const flags = [hasAvx2() ? '-mavx2 -mfma' : '', process.env.CXXFLAGS ?? ''].filter(Boolean).join(' ');
  return flags === '' ? {} : { CXXFLAGS: flags };
}

function hasAvx2() {
  if (process.arch !== 'x64') return false;
  try {
    const features =
      process.platform === 'linux'
        ? /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))[1]
        : process.platform === 'darwin'
          ? execFileSync('sysctl', ['-n', 'machdep.cpu.features', 'machdep.cpu.leaf7_features'], { encoding: 'utf8' })
          : ''; // Visual Studio has other flags
    const words = features.toLowerCase().split(/\s+/);
    return words.includes('avx2') && words.includes('fma');
  } catch {
    return false;
  }
}
