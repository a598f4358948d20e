// The reader of compiled files, on files of all three formats that dependencies bring, and what the gates say of them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
// @ts-expect-error -- a script without types
import { readBinary } from '../../../scripts/packages/binary.mjs';
// @ts-expect-error -- a script without types
import { complaints, isNewer } from '../../../scripts/packages/gates.mjs';

interface Binary {
  format: string;
  libraries: string[];
  imports: { name: string; version?: string }[];
  exports: string[];
  minimum?: string;
  isSigned?: boolean;
}

const bytes = (platform: string) =>
  readFileSync(
    fileURLToPath(
      new URL(
        `../../../node_modules/onnxruntime-node/bin/napi-v6/${platform}/onnxruntime_binding.node`,
        import.meta.url,
      ),
    ),
  );
const read = (platform: string) => (readBinary as (bytes: Buffer) => Binary)(bytes(platform));
const newer = isNewer as (one: string, other: string) => boolean;
const wrong = complaints as (platform: string, bytes: Buffer) => string[];

describe('readBinary', () => {
  it('reads what an ELF file needs, with the versions of symbols', () => {
    for (const platform of ['linux/x64', 'linux/arm64']) {
      const { format, libraries, imports } = read(platform);
      expect(format).toBe('elf');
      expect(libraries).toContain('libstdc++.so.6');
      expect(imports.find(({ name }) => name === 'memcpy')?.version).toMatch(/^GLIBC_2\.\d+$/);
      expect(imports.find(({ name }) => name === 'napi_create_function')).toMatchObject({ version: undefined });
    }
  });

  it('reads what a Mach-O file needs, from which macOS on, and that it is signed', () => {
    const binary = read('darwin/arm64');
    expect(binary).toMatchObject({ format: 'macho', minimum: '14.0', isSigned: true });
    expect(binary.libraries).toContain('/usr/lib/libSystem.B.dylib');
    expect(binary.imports.map(({ name }) => name)).toContain('OrtGetApiBase');
  });

  it('reads what a PE file needs and shows', () => {
    const { format, libraries, exports } = read('win32/x64');
    expect(format).toBe('pe');
    expect(libraries).toContain('MSVCP140.dll');
    expect(exports).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });
});

describe('complaints', () => {
  it('are of foreign libraries, newer symbols, other formats, and what is no binary', () => {
    expect(wrong('linux-x64', bytes('linux/x64'))).toEqual(
      expect.arrayContaining(['needs libstdc++.so.6', expect.stringMatching(/^needs _Znam of GLIBCXX_/)]),
    );
    expect(wrong('darwin-arm64', bytes('darwin/arm64'))).toContain('is for macOS 14.0, and not for 11.0');
    expect(wrong('win32-x64', bytes('win32/x64'))).toContain('needs MSVCP140.dll');
    expect(wrong('win32-x64', bytes('linux/x64'))).toEqual(['is elf and not pe']);
    expect(wrong('linux-x64', Buffer.from('no library'))).toEqual([expect.stringMatching(/^cannot be read/)]);
    expect(wrong('linux-x64', bytes('linux/x64').subarray(0, 5000))).toEqual([
      expect.stringMatching(/^cannot be read/),
    ]);
  });

  it('compare versions by their numbers', () => {
    expect(newer('2.34', '2.28')).toBe(true);
    expect(newer('2.9', '2.28')).toBe(false);
    expect(newer('2.28', '2.28')).toBe(false);
    expect(newer('2.28.1', '2.28')).toBe(true);
  });
});
