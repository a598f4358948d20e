// The cache of vectors: what is computed again and what is not, and that nothing that befalls its file is an error.
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withCache } from '../../../src/embedding/cache.js';
import type { Embedder } from '../../../src/embedding/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-cache-'));
  path = join(folder, 'cache', 'embeddings.sqlite');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What an embedder behind the cache was asked for. */
async function asked(texts: string[], options: { model?: string; kind?: 'query'; maxBytes?: number } = {}) {
  const { model = 'm', kind, ...rest } = options;
  const inner = new FakeEmbedder();
  const embedder = withCache(inner, { path, model, ...rest });
  const vectors = await embedder.embed(texts, { kind });
  await embedder.close();
  return { vectors, texts: inner.asked.flat() };
}

describe('the cache of vectors', () => {
  it('computes a text once, over processes, and gives the same vector', async () => {
    const first = await asked(['one', 'two', 'one']);
    expect(first.texts).toEqual(['one', 'two']);
    expect(first.vectors[2]).toEqual(first.vectors[0]);
    expect(first.vectors[2]).not.toBe(first.vectors[0]);
    const second = await asked(['two', 'three', 'one']);
    expect(second.texts).toEqual(['three']);
    expect(second.vectors[0]).toEqual(first.vectors[1]);
    expect(second.vectors[2]).toEqual(first.vectors[0]);
  });

  it('keeps models apart, and no queries', async () => {
    await asked(['one']);
    expect((await asked(['one'], { model: 'other' })).texts).toEqual(['one']);
    for (let i = 0; i < 2; i++) expect((await asked(['one'], { kind: 'query' })).texts).toEqual(['one']);
    expect((await asked(['one'])).texts).toEqual([]);
  });

  it('lets the oldest go', async () => {
    const twenty = Array.from({ length: 20 }, (_, i) => `text ${i}`);
    const maxBytes = 5 * (4 * 64 + 64);
    await asked(twenty, { maxBytes });
    expect((await asked(twenty.slice(-5), { maxBytes })).texts).toEqual([]);
    expect((await asked(['text 14'], { maxBytes })).texts).toEqual(['text 14']);
  });

  it('is used by two at once', async () => {
    const inner = [new FakeEmbedder(), new FakeEmbedder()] as const;
    const [a, b] = inner.map((embedder) => withCache(embedder, { path, model: 'm' })) as [Embedder, Embedder];
    await a.embed(['one']);
    await b.embed(['one', 'two']);
    await a.embed(['two']);
    expect(inner.map((embedder) => embedder.asked.flat())).toEqual([['one'], ['two']]);
    await Promise.all([a.close(), b.close()]);
  });

  it('begins anew where the file is damaged, and does without where there can be none', async () => {
    await asked(['one']);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
    writeFileSync(path, 'no database at all, but long enough to be looked at');
    expect((await asked(['one'])).texts).toEqual(['one']);
    expect((await asked(['one'])).texts).toEqual([]);
    rmSync(join(folder, 'cache'), { recursive: true });
    writeFileSync(join(folder, 'cache'), 'a file where the folder should be');
    expect((await asked(['one'])).vectors).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
  });

  it('tells progress over all texts, kept ones too', async () => {
    await asked(['one', 'two']);
    const embedder = withCache(new FakeEmbedder(), { path, model: 'm' });
    const seen: number[] = [];
    await embedder.embed(['one', 'two', 'three'], { onProgress: ({ done, of }) => seen.push(done / of) });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(statSync(path).size).toBeGreaterThan(0);
    await embedder.close();
  });
});
