// Files of training that anybody may have written, damaged in every way: data sets, adapters, manifests.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAdapterFile } from '../../../src/training/adapter-gguf.js';
import { readDataset } from '../../../src/training/index.js';
import { parseManifest } from '../../../src/training/manifest.js';
import { toPeft } from '../../../src/training/peft.js';
import { damaged, endsSoundly } from '../../support/damaged.js';
import { characterEncoder } from './encoder.js';
import { GGUF_ADAPTER, HEADS } from './fixtures.js';

vi.setConfig({ testTimeout: 60_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-readers-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const stored = (bytes: Uint8Array): string => {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  return path;
};

describe('a data set', () => {
  const read = (bytes: Uint8Array): Promise<unknown> =>
    readDataset(stored(bytes), characterEncoder(), { maxTokens: 50 });
  const codes = ['corrupt', 'empty', 'too_long'];

  it('that is damaged is read or refused', async () => {
    const rows = [
      { text: 'größer als 🧠' },
      { prompt: 'hi', completion: 'yo' },
      {
        messages: [
          { role: 'user', content: 'u' },
          { role: 'assistant', content: 'a' },
        ],
      },
    ];
    const sound = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { refused } = await endsSoundly(damaged(sound), codes, read);
    expect(refused).toBeGreaterThan(50);
  });

  it('of any JSON is read or refused', async () => {
    const row = fc.oneof(
      fc.jsonValue(),
      fc.record({ text: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()) }),
      fc.record({ prompt: fc.jsonValue(), completion: fc.jsonValue() }, { requiredKeys: [] }),
      fc.record({
        messages: fc.array(
          fc.record({ role: fc.constantFrom('user', 'assistant', 'system', 'x'), content: fc.string() }),
        ),
      }),
    );
    const file = fc
      .array(row, { maxLength: 4 })
      .map((rows) => Buffer.from(rows.map((value) => JSON.stringify(value)).join('\n')));
    const { taken } = await endsSoundly(file, codes, read);
    expect(taken).toBeGreaterThan(0);
  });

  it('may nest as deep as it likes', async () => {
    for (const depth of [10, 10_000, 1_000_000]) {
      const nested = Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
      await expect(read(nested)).rejects.toMatchObject({ name: 'EngramError', code: 'corrupt' });
    }
  });
});

describe('an adapter', () => {
  it('that is damaged is exported or refused', async () => {
    const sound = new Uint8Array(readFileSync(GGUF_ADAPTER));
    // The header is a tenth of the file, and all of the lengths are in it.
    const inHeader = damaged(sound.subarray(0, 3600)).map((head) => Buffer.concat([head, sound.subarray(3600)]));
    const { refused } = await endsSoundly(
      fc.oneof(damaged(sound), inHeader),
      ['corrupt', 'unsupported'],
      async (bytes) => toPeft(await readAdapterFile(stored(bytes)), { baseModel: 'tiny', ...HEADS }),
    );
    expect(refused).toBeGreaterThan(50);
  });
});

describe('a manifest', () => {
  const sound = {
    format: 1,
    name: 'tone',
    base: { name: 'tiny', sha256: 'ab', architecture: 'llama', heads: 2, keyValueHeads: 1 },
    rank: 4,
    alpha: 8,
    targets: ['q'],
    layers: [0, 2],
    createdAt: '2026-01-02T03:04:05.000Z',
    losses: [{ train: 2, validation: null }],
    trainedTokens: 100,
  };

  it('is one, whatever else stands in its place', async () => {
    const keys = Object.keys(sound) as (keyof typeof sound)[];
    const oneWrong = fc
      .tuple(fc.constantFrom(...keys), fc.jsonValue())
      .map(([key, value]) => ({ ...sound, [key]: value }));
    const json = fc.oneof(fc.jsonValue(), oneWrong).map((value) => JSON.stringify(value));
    const { taken } = await endsSoundly(json, ['corrupt', 'unsupported'], (text) => {
      const { name, base, createdAt, losses, layers, targets, rank } = parseManifest(text, 'manifest.json');
      // What its users do with it.
      expect(
        [name, base.name, base.sha256.toLowerCase(), createdAt.slice(0, 10), targets.join(), rank].join(),
      ).toContain(',');
      expect(losses.map(({ train, validation }) => [train, validation]).length + layers.length).toBeGreaterThan(1);
    });
    expect(taken).toBeGreaterThan(0);
    await endsSoundly(damaged(Buffer.from(JSON.stringify(sound))), ['corrupt', 'unsupported'], (bytes) =>
      parseManifest(Buffer.from(bytes).toString(), 'manifest.json'),
    );
  });
});
