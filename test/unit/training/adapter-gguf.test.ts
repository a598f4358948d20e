import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { readAdapterFile, type AdapterFile } from '../../../src/training/adapter-gguf.js';
import { GGUF_ADAPTER } from './fixtures.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-gguf-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const sound = readFileSync(GGUF_ADAPTER);

const read = (bytes: Buffer): Promise<AdapterFile> => {
  const path = join(folder, 'adapter.gguf');
  writeFileSync(path, bytes);
  return readAdapterFile(path);
};

const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(sound);
  change(bytes);
  return bytes;
};

describe('readAdapterFile', () => {
  it('reads matrices with rows and columns', async () => {
    const file = await readAdapterFile(GGUF_ADAPTER);
    expect(file).toMatchObject({ architecture: 'llama', alpha: 8 });
    const a = file.matrices.find(({ name }) => name === 'blk.0.attn_q.weight.lora_a')!;
    const b = file.matrices.find(({ name }) => name === 'blk.0.attn_q.weight.lora_b')!;
    expect([a.rows, a.columns, b.rows, b.columns]).toEqual([4, 48, 48, 4]);
    expect(a.values).toHaveLength(4 * 48);
  });

  it('says that there is none', async () => {
    await expect(readAdapterFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['another file', Buffer.from('{"not": "gguf"}'), 'corrupt'],
    ['an empty file', Buffer.alloc(0), 'corrupt'],
    ['a later version', changed((b) => b.writeUInt32LE(4, 4)), 'unsupported'],
    ['a huge number of tensors', changed((b) => b.writeBigUInt64LE(2n ** 62n, 8)), 'corrupt'],
    ['a huge number of entries', changed((b) => b.writeBigUInt64LE(2n ** 40n, 16)), 'corrupt'],
    ['a huge string', changed((b) => b.writeBigUInt64LE(2n ** 50n, 24)), 'corrupt'],
    ['not a number', changed((b) => b.writeFloatLE(NaN, b.length - 4 * 8)), 'corrupt'],
  ])('refuses %s', async (_, bytes, code) => {
    await expect(read(bytes)).rejects.toMatchObject({ name: 'EngramError', code });
  });

  it('refuses a model', async () => {
    await expect(readAdapterFile(GGUF_ADAPTER.replace('.adapter', ''))).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('never reads past the end, wherever the file is cut', async () => {
    for (let length = 0; length < sound.length - 32; length += 97) {
      await expect(read(sound.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({ code: 'corrupt' });
    }
  });

  it('never fails but with a code, whatever byte is wrong', async () => {
    const start = sound.indexOf('blk.');
    for (let at = 0; at < start + 400; at += 3) {
      const result = await read(changed((b) => b.writeUInt8(b[at]! ^ 0xa5, at))).catch((error: unknown) => error);
      if (result instanceof Error) expect(result, `byte ${at}`).toBeInstanceOf(EngramError);
    }
  });
});
