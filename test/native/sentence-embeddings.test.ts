// Sentence models as sentence-transformers saves them, tiny and random: the vectors are those it computes (see
// scripts/golden/sentence_embeddings.py), with WordPiece and SentencePiece, pooling, normalising and prompts as the folder says.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmbedder, type Embedder, type TextKind } from '../../src/embedding/index.js';

interface Golden {
  texts: string[];
  tiny: { folder: string; vectors: Record<TextKind, number[][]> }[];
}

const fixtures = new URL('../fixtures/golden/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('sentence-embeddings.json', fixtures), 'utf8')) as Golden;
const folderOf = (name: string): string => new URL(name, fixtures).pathname;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);
const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a).map((value, i) => Math.abs(value - b[i]!)));

describe.each(golden.tiny)('$folder', ({ folder, vectors }) => {
  let embedder: Embedder;
  beforeAll(async () => {
    embedder = await loadEmbedder({ folder: folderOf(folder), dtype: 'fp32' });
  });
  afterAll(() => embedder.close());

  it.each(['query', 'passage'] as const)('has the vectors of sentence-transformers for a %s', async (kind) => {
    // It leaves out what does not fit, as engram does only where asked to.
    const computed = await embedder.embed(golden.texts, { kind, maxWindows: 1 });
    for (const [i, vector] of computed.entries()) {
      const expected = vectors[kind][i]!;
      expect(cosine(vector, expected), golden.texts[i]).toBeGreaterThan(0.99999);
      expect(largest(vector, expected), golden.texts[i]).toBeLessThan(1e-3 * Math.max(...expected.map(Math.abs)));
    }
  });

  it.each(['fp32', 'q8'] as const)('gives a text the same vector alone and in a batch, in %s', async (dtype) => {
    const other = await loadEmbedder({ folder: folderOf(folder), dtype, threads: 2 });
    const texts = [...golden.texts, ...golden.texts.map((text) => `${text} sea`), 'river', 'water'];
    const together = await other.embed(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = await other.embed([text]);
      expect(largest(alone!, together[i]!), text).toBeLessThan(1e-5);
    }
    await other.close();
  });

  it('is nearly the same with 8-bit weights', async () => {
    const other = await loadEmbedder({ folder: folderOf(folder), dtype: 'q8' });
    const computed = await other.embed(golden.texts, { maxWindows: 1 });
    for (const [i, vector] of computed.entries()) expect(cosine(vector, vectors.passage[i]!)).toBeGreaterThan(0.95);
    await other.close();
  });

  it('reads a long text to its end', async () => {
    const beginning = 'the sea and the river '.repeat(20);
    const [one, other, cut, cutOther] = [
      ...(await embedder.embed([beginning + '水 '.repeat(60), beginning + 'otters '.repeat(60)])),
      ...(await embedder.embed([beginning + '水 '.repeat(60), beginning + 'otters '.repeat(60)], { maxWindows: 1 })),
    ];
    expect(largest(one!, other!)).toBeGreaterThan(1e-3);
    expect(largest(cut!, cutOther!)).toBe(0);
  });
});

describe('a folder of weights', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'engram-sentence-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const edit = (copy: string, file: string, change: (json: Record<string, unknown>) => void): void => {
    const json = JSON.parse(readFileSync(join(copy, file), 'utf8')) as Record<string, unknown>;
    change(json);
    writeFileSync(join(copy, file), JSON.stringify(json));
  };

  it.each<[what: string, code: string, change: (copy: string, weights: Buffer) => void]>([
    [
      'weights cut short',
      'corrupt',
      (at, weights) => {
        writeFileSync(join(at, 'model.safetensors'), weights.subarray(0, 50_000));
      },
    ],
    [
      'no weights',
      'corrupt',
      (at) => {
        writeFileSync(join(at, 'model.safetensors'), '');
      },
    ],
    [
      'a header longer than the file',
      'corrupt',
      (at, weights) => {
        weights.writeBigUInt64LE(2n ** 60n);
        writeFileSync(join(at, 'model.safetensors'), weights);
      },
    ],
    [
      'sizes that are not those of the weights',
      'corrupt',
      (at) => {
        edit(at, 'config.json', (json) => (json['hidden_size'] = 64));
      },
    ],
    [
      'an architecture that is none of ours',
      'corrupt',
      (at) => {
        edit(at, 'config.json', (json) => (json['model_type'] = 't5'));
      },
    ],
    [
      'a pooling that is none of ours',
      'unsupported',
      (at) => {
        edit(at, '1_Pooling/config.json', (json) => (json['pooling_mode'] = 'max'));
      },
    ],
    [
      'a step out of the folder',
      'corrupt',
      (at) => {
        writeFileSync(join(at, 'modules.json'), '[{"type": "Pooling", "path": "../.."}]');
      },
    ],
  ])('is refused with %s', async (what, code, change) => {
    const copy = join(folder, what);
    cpSync(folderOf('tiny-sentence-bert'), copy, { recursive: true });
    change(copy, readFileSync(join(copy, 'model.safetensors')));
    await expect(loadEmbedder({ folder: copy, dtype: 'fp32' })).rejects.toMatchObject({ code });
  });
});
