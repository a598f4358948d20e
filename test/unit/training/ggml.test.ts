import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findGgml } from '../../../src/training/index.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'engram-ggml-')));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

// Platforms whose real packages cannot be here: node looks for packages in all folders above the temporary one too.

/** A package as node-llama-cpp's are, with one file in one folder of binaries. */
const install = (name: string, variant: string, file: string): string => {
  const folder = join(root, 'node_modules', '@node-llama-cpp', name);
  mkdirSync(join(folder, 'dist'), { recursive: true });
  mkdirSync(join(folder, 'bins', variant), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ exports: { '.': './dist/index.js' } }));
  writeFileSync(join(folder, 'dist', 'index.js'), '');
  writeFileSync(join(folder, 'bins', variant, file), '');
  return join(folder, 'bins', variant, file);
};

const search = (platform: string, arch: string): string =>
  findGgml({ platform, arch, from: join(root, 'node_modules', 'node-llama-cpp', 'dist', 'index.js') });

describe('findGgml', () => {
  it('finds the installed one', () => {
    expect(existsSync(findGgml())).toBe(true);
  });

  it.each([
    ['linux', 'riscv64', 'linux-riscv64', 'linux-riscv64', 'libggml-base.so'],
    ['darwin', 'arm64', 'mac-arm64-metal', 'mac-arm64-metal', 'libggml-base.dylib'],
    ['win32', 'x64', 'win-x64', 'win-x64', 'ggml-base.dll'],
    ['win32', 'x64', 'win-x64-vulkan', 'win-x64-vulkan', 'ggml-base.dll'],
  ])('finds that of %s %s', (platform, arch, name, variant, file) => {
    const path = install(name, variant, file);
    expect(search(platform, arch)).toBe(path);
  });

  it('prefers the plain one', () => {
    install('win-x64-cuda', 'win-x64-cuda', 'ggml-base.dll');
    const plain = install('win-x64', 'win-x64', 'ggml-base.dll');
    expect(search('win32', 'x64')).toBe(plain);
  });

  it.each([
    ['win32', 'arm64'],
    ['sunos', 'x64'],
  ])('says what to do where there is none: %s %s', (platform, arch) => {
    expect(() => search(platform, arch)).toThrow(
      expect.objectContaining({ code: 'native', hint: expect.stringContaining('npm ci') as unknown }),
    );
  });
});
