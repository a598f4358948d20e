// What every Embedder keeps to: the suite runs over the fake and over the real one with all-MiniLM-L6-v2.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmbedder, type Embedder } from '../../src/embedding/index.js';
import { FakeEmbedder } from '../fakes/embedder.js';
import { embeddingModel } from '../support/models.js';

const implementations: [string, () => Promise<Embedder>][] = [
  ['the fake', () => Promise.resolve(new FakeEmbedder())],
  ['transformers.js', async () => loadEmbedder({ folder: await embeddingModel() })],
];

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const TEXTS = [
  'The capital of France is Paris.',
  'Paris is the capital of which country?',
  'My cat sleeps on the piano.',
  '',
  'ok',
  'The capital of France is Paris.',
  'A much longer text, which would need padding beside the others if they were computed together. '.repeat(8),
  'Больше слов, 漢字 and 😀.',
];

describe.each(implementations)('an embedder: %s', (_, open) => {
  let embedder: Embedder;
  beforeAll(async () => {
    embedder = await open();
  });
  afterAll(() => embedder.close());

  it('gives each text a unit vector, in order', async () => {
    const vectors = await embedder.embed(TEXTS);
    expect(vectors).toHaveLength(TEXTS.length);
    for (const vector of vectors) {
      expect(vector).toHaveLength(embedder.dimensions);
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
    }
    expect(vectors[5]).toEqual(vectors[0]);
    expect(dot(vectors[0]!, vectors[1]!)).toBeGreaterThan(dot(vectors[0]!, vectors[2]!));
  });

  it('gives a text the same vector alone and in a batch', async () => {
    const together = await embedder.embed(TEXTS);
    for (const [i, text] of TEXTS.entries()) {
      const [alone] = await embedder.embed([text]);
      const worst = Math.max(...alone!.map((value, d) => Math.abs(value - together[i]![d]!)));
      expect(worst).toBeLessThan(1e-5);
    }
  });

  it('gives nothing for nothing', async () => {
    expect(await embedder.embed([])).toEqual([]);
  });

  it('takes a text of any length', async () => {
    const [vector] = await embedder.embed(['one two three four '.repeat(1000)]);
    expect(dot(vector!, vector!)).toBeCloseTo(1, 5);
  });

  it('is cancelled by a signal', async () => {
    await expect(embedder.embed(TEXTS, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is closed for good', async () => {
    const other = await open();
    await other.close();
    await other.close();
    await expect(other.embed(['text'])).rejects.toMatchObject({ code: 'usage' });
  });
});
