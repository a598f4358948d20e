// Finds the ggml library among the binaries that node-llama-cpp brings: the trainer reads quantised weights with the very
// functions the generator uses. Nothing is loaded here; the addon does that.
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { EngramError } from '../errors.js';

/** Packages with binaries, plainest first: the functions needed are the same in all of them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['linux-x64', 'linux-x64-vulkan', 'linux-x64-cuda'],
  'linux-arm64': ['linux-arm64'],
  'linux-arm': ['linux-armv7l'],
  'linux-riscv64': ['linux-riscv64'],
  'darwin-arm64': ['mac-arm64-metal'],
  'darwin-x64': ['mac-x64'],
  'win32-x64': ['win-x64', 'win-x64-vulkan', 'win-x64-cuda'],
  'win32-arm64': ['win-arm64'],
};

const FILES: Readonly<Record<string, string>> = { darwin: 'libggml-base.dylib', win32: 'ggml-base.dll' };

export interface GgmlSearch {
  /** As process.platform and process.arch. */
  platform?: string;
  arch?: string;
  /** A file inside node-llama-cpp, from where its binaries are looked up. Default: the installed one. */
  from?: string;
}

/** Path of libggml-base. Throws `native` if this platform's binaries are not installed. */
export function findGgml(search: GgmlSearch = {}): string {
  const { platform = process.platform, arch = process.arch } = search;
  const file = FILES[platform] ?? 'libggml-base.so';
  const packages = PACKAGES[`${platform}-${arch}`] ?? [];
  for (const name of packages) {
    for (const folder of binaryFolders(name, search.from)) {
      const path = join(folder, file);
      if (existsSync(path)) return path;
    }
  }
  throw new EngramError('native', `The ggml library (${file}) that reads model weights is not installed.`, {
    hint: 'Install the dependencies again (`npm ci`), with optional dependencies: node-llama-cpp brings it.',
    details: { platform, arch, packages: packages.map((name) => `@node-llama-cpp/${name}`) },
  });
}

/** The folders of one package that may hold libraries: bins/<variant>. */
function binaryFolders(name: string, from: string | undefined): string[] {
  try {
    const inside = from ?? createRequire(import.meta.url).resolve('node-llama-cpp');
    // Its entry is dist/index.js; package.json is not exported.
    const entry = createRequire(inside).resolve(`@node-llama-cpp/${name}`);
    const bins = join(dirname(entry), '..', 'bins');
    return readdirSync(bins).map((variant) => join(bins, variant));
  } catch {
    return []; // not installed
  }
}
