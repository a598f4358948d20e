import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { readStateFile, writeStateFile, type StateBinding } from '../../../src/inference/state-file.js';

const BINDING: StateBinding = {
  model: 'a'.repeat(64),
  adapters: [{ sha256: 'b'.repeat(64), scale: 0.5 }],
  build: 'linux-x64 c0ffee',
  cacheType: 'f16',
  kernels: 'int8-avx512 own',
  lanes: 1,
  block: 4,
  context: null,
};
const SAVED = {
  tokens: Uint32Array.from([7, 0, 2 ** 31, 9, 1, 2, 3, 4]),
  prefix: 3,
  state: Buffer.from('state of eight'),
};
const folder = mkdtempSync(join(tmpdir(), 'engram-state-'));
let files = 0;
const newPath = (): string => join(folder, `state-${++files}`);
const written = async (): Promise<string> => {
  const path = newPath();
  await writeStateFile(path, SAVED, BINDING);
  return path;
};
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'read',
    (error: unknown) => (error instanceof EngramError ? error.code : error),
  );

describe('a saved state', () => {
  it('comes back as it was, readable by its owner only', async () => {
    const path = newPath();
    const bytes = await writeStateFile(path, SAVED, BINDING);
    expect(bytes).toBe(statSync(path).size);
    expect(await readStateFile(path, BINDING, 8)).toEqual({ ...SAVED, bytes });
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('of anything else than what runs now is refused as such, before its data is looked at', async () => {
    const path = await written();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0, bytes.length - 4)); // damaged, where nobody should have looked yet
    const others: Partial<StateBinding>[] = [
      { model: 'c'.repeat(64) },
      { adapters: [] },
      { adapters: [{ sha256: 'b'.repeat(64), scale: 1 }] },
      { build: 'another' },
      { cacheType: 'q8_0' },
      { kernels: null },
      { block: 8 },
      { lanes: 2 },
      { context: 4096 },
    ];
    for (const other of others) expect(await codeOf(readStateFile(path, { ...BINDING, ...other }, 8))).toBe('mismatch');
    const small = await readStateFile(path, BINDING, 7).catch((error: unknown) => error);
    expect(small).toMatchObject({ code: 'mismatch', hint: expect.stringContaining('only saves time') as string });
  });

  it('with any byte changed, cut off or longer is refused', async () => {
    const path = await written();
    const sound = readFileSync(path);
    const damaged = newPath();
    const read = async (bytes: Buffer): Promise<unknown> => {
      writeFileSync(damaged, bytes);
      return codeOf(readStateFile(damaged, BINDING, 8));
    };
    const position = fc.nat(sound.length - 1);
    await fc.assert(
      fc.asyncProperty(position, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(sound);
        bytes[at]! ^= change;
        expect(['corrupt', 'unsupported']).toContain(await read(bytes)); // unsupported: the version
      }),
      { numRuns: 150 },
    );
    await fc.assert(
      fc.asyncProperty(position, async (length) => {
        expect(await read(sound.subarray(0, length))).toBe('corrupt');
      }),
      { numRuns: 50 },
    );
    expect(await read(Buffer.concat([sound, Buffer.from('x')]))).toBe('corrupt');
  }, 60_000);

  it('whose header is somebody’s own work is refused all the same', async () => {
    const path = await written();
    const sound = readFileSync(path);
    const length = sound.readUInt32LE(16);
    const header = JSON.parse(sound.subarray(52, 52 + length).toString()) as Record<string, unknown>;
    const forged = (changes: object | string): Buffer => {
      const text = typeof changes === 'string' ? changes : JSON.stringify({ ...header, ...changes });
      const json = Buffer.from(text);
      const head = Buffer.from(sound.subarray(0, 52));
      head.writeUInt32LE(json.length, 16);
      createHash('sha256').update(json).digest().copy(head, 20);
      return Buffer.concat([head, json, sound.subarray(52 + length)]);
    };
    const works: (string | object)[] = [
      '',
      'null',
      '[]',
      '{"tokens":',
      { tokens: 0 },
      { tokens: -1 },
      { tokens: 2 ** 40 },
      { stateBytes: 1e15 },
    ];
    works.push({ tokens: '8' }, { prefix: -1 }, { prefix: 0.5 }, { adapters: 'none' }, { sha256: 7 }, { context: {} });
    for (const work of works) {
      writeFileSync(path, forged(work));
      expect(await codeOf(readStateFile(path, BINDING, 8))).toBe('corrupt');
    }
    writeFileSync(path, forged({}));
    expect(await codeOf(readStateFile(path, BINDING, 8))).toBe('read');
  });

  it('that is not there, a folder, or may not be read or written is told as such', async () => {
    const taken = newPath();
    mkdirSync(taken);
    expect(await codeOf(readStateFile(newPath(), BINDING, 8))).toBe('not_found');
    expect(await codeOf(readStateFile(taken, BINDING, 8))).toBe('disk');
    expect(await codeOf(writeStateFile(taken, SAVED, BINDING))).toBe('disk');
    if (process.platform === 'win32' || process.getuid?.() === 0) return; // nothing is forbidden there
    const path = await written();
    chmodSync(path, 0);
    expect(await codeOf(readStateFile(path, BINDING, 8))).toBe('disk');
  });

  it('is one of two that are written at once, and leaves nothing else behind', async () => {
    const path = newPath();
    const other = { ...SAVED, state: Buffer.from('another state!') };
    await Promise.all([writeStateFile(path, SAVED, BINDING), writeStateFile(path, other, BINDING)]);
    const { state } = await readStateFile(path, BINDING, 8);
    expect([SAVED.state, other.state]).toContainEqual(state);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is given up when it is cancelled', async () => {
    const path = await written();
    expect(await codeOf(readStateFile(path, BINDING, 8, AbortSignal.abort()))).toBe('cancelled');
    expect(await codeOf(writeStateFile(path, SAVED, BINDING, AbortSignal.abort()))).toBe('cancelled');
    expect(await codeOf(readStateFile(path, BINDING, 8))).toBe('read');
  });
});
