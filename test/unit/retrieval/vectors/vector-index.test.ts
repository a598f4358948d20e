// The index against an exact reference: whatever is added, replaced and removed, saved and opened again.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { VectorIndex } from '../../../../src/retrieval/vectors/index.js';
import { exactly, randomVectors, recall } from './vectors.js';

const folders: string[] = [];
const newFolder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'engram-index-')));
  return folders.at(-1)!;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const SIZE = 8;
/** So few that an index of a test has a graph, which finds all of them at this ef. */
const small = { dimensions: SIZE, embedder: 'test', exactBelow: 32, ef: 512 };
const range = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, i) => from + i);

describe('searching', () => {
  it('finds the nearest by angle, best first, and says how near', () => {
    const index = new VectorIndex({ dimensions: 2, embedder: 'test' });
    void index.add(Uint32Array.of(7, 8, 9), Float32Array.of(1, 0, 0, 5, -3, 0));
    const { labels, scores } = index.search(Float32Array.of(3, 4), 3);
    expect([...labels]).toEqual([8, 7, 9]);
    expect([...scores].map((score) => score.toFixed(4))).toEqual(['0.8000', '0.6000', '-0.6000']);
  });

  it('finds fewer than asked for where there are not as many, and none in an empty index', async () => {
    const index = new VectorIndex(small);
    const query = randomVectors(1, SIZE);
    expect(index.search(query, 5).labels).toHaveLength(0);
    await index.add(range(0, 3), randomVectors(3, SIZE));
    expect(index.search(query, 5).labels).toHaveLength(3);
    expect(index.search(query, 5, { allowed: Uint32Array.of(99) }).labels).toHaveLength(0);
  });

  it('finds vectors before they are linked into the graph', async () => {
    const index = new VectorIndex(small);
    const vectors = randomVectors(600, SIZE);
    const added = index.add(range(0, 600), vectors);
    await Promise.resolve();
    expect(index.method).toBe('exact');
    expect(index.search(vectors.subarray(590 * SIZE, 591 * SIZE), 1).labels).toEqual(Uint32Array.of(590));
    await added;
    expect(index.method).toBe('graph');
    expect(index.search(vectors.subarray(590 * SIZE, 591 * SIZE), 1).labels).toEqual(Uint32Array.of(590));
  });

  it('lets the event loop go on while it links', async () => {
    const index = new VectorIndex({ dimensions: 64, embedder: 'test', exactBelow: 32 });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await index.add(range(0, 2000), randomVectors(2000, 64));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  it('finds with many queries what it finds with each', async () => {
    const index = new VectorIndex(small);
    await index.add(range(0, 500), randomVectors(500, SIZE));
    const queries = randomVectors(20, SIZE, 5);
    const hits = await index.searchMany(queries, 7);
    expect(hits).toEqual(
      Array.from({ length: 20 }, (_, i) => index.search(queries.subarray(i * SIZE, (i + 1) * SIZE), 7)),
    );
  });

  it('finds nine tenths and more at its default settings, in random vectors, the worst case', async () => {
    const index = new VectorIndex({ dimensions: 32, embedder: 'test', exactBelow: 100 });
    const vectors = randomVectors(2000, 32);
    await index.add(range(0, 2000), vectors);
    const entries = new Map(
      Array.from(range(0, 2000), (label) => [label, vectors.subarray(label * 32, label * 32 + 32)]),
    );
    const queries = randomVectors(50, 32, 9);
    const recalls = Array.from({ length: 50 }, (_, i) => {
      const query = queries.subarray(i * 32, (i + 1) * 32);
      return recall(index.search(query, 10).labels, exactly(entries, query, 10));
    });
    expect(recalls.reduce((sum, value) => sum + value, 0) / 50).toBeGreaterThan(0.9);
  });
});

describe('filters', () => {
  it.each([3, 40, 300, 1500])('finds the nearest of %i allowed ones of 1500, and no other', async (count) => {
    const index = new VectorIndex({ ...small, ef: 32 });
    const vectors = randomVectors(1500, SIZE);
    await index.add(range(0, 1500), vectors);
    const query = randomVectors(1, SIZE, 3);
    // Those that are farthest from the query, so that none of its neighbours is allowed.
    const entries = new Map(
      Array.from(range(0, 1500), (label) => [label, vectors.subarray(label * SIZE, (label + 1) * SIZE)]),
    );
    const allowed = Uint32Array.from(exactly(entries, query, 1500).slice(-count));
    const expected = exactly(new Map([...entries].filter(([label]) => allowed.includes(label))), query, 5);
    expect([...index.search(query, 5, { allowed }).labels]).toEqual(expected);
    expect([...index.search(query, 5, { allowed: new Set(allowed) }).labels]).toEqual(expected);
  });

  it('pass over a label that is given twice or is not there', async () => {
    const index = new VectorIndex(small);
    await index.add(range(0, 5), randomVectors(5, SIZE));
    const { labels } = index.search(randomVectors(1, SIZE), 5, { allowed: Uint32Array.of(2, 2, 77, 2) });
    expect([...labels]).toEqual([2]);
  });
});

describe('what is no vector', () => {
  const index = new VectorIndex(small);
  it.each([
    ['too short', new Float32Array(SIZE - 1).fill(1)],
    ['too long', new Float32Array(SIZE + 1).fill(1)],
    ['zero', new Float32Array(SIZE)],
    ['with NaN', new Float32Array(SIZE).fill(1).fill(NaN, 3, 4)],
    ['infinite', new Float32Array(SIZE).fill(1).fill(Infinity, 3, 4)],
    ['so large that its length is infinite', new Float32Array(SIZE).fill(3e38).fill(Infinity, 0, 1)],
  ])('is refused: one %s', async (_, vector) => {
    const usage = expect.objectContaining({ code: 'usage' }) as unknown;
    await expect(index.add(Uint32Array.of(1), vector)).rejects.toEqual(usage);
    expect(() => index.search(vector, 1)).toThrow(usage);
    expect(index.size).toBe(0);
  });

  it('is refused with all that came with it', async () => {
    await expect(index.add(Uint32Array.of(1, 2), new Float32Array(2 * SIZE).fill(1, 0, SIZE))).rejects.toThrow();
    expect(index.size).toBe(0);
  });

  it('is not one of great or small numbers', async () => {
    const other = new VectorIndex(small);
    await other.add(Uint32Array.of(1, 2), new Float32Array(2 * SIZE).fill(3e38, 0, SIZE).fill(1e-38, SIZE));
    expect([...other.search(new Float32Array(SIZE).fill(2), 2).scores]).toEqual(
      [1, 1].map((one) => expect.closeTo(one, 5) as number),
    );
  });

  it.each([0, -1, 1.5, NaN])('nor can k be %d', (k) => {
    expect(() => index.search(new Float32Array(SIZE).fill(1), k)).toThrow(/whole number/);
  });
});

/** What can be done to an index, on few labels, so that they meet again. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        first: fc.nat(150),
        count: fc.integer({ min: 1, max: 60 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('remove' as const),
        first: fc.nat(150),
        count: fc.integer({ min: 1, max: 60 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('optimize' as const) }) },
  ),
  { minLength: 1, maxLength: 25 },
);

describe('any sequence of changes', () => {
  it('leaves the index with what a plain map would have', { timeout: 60_000 }, async () => {
    const folder = newFolder();
    let seed = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        let index = new VectorIndex(small);
        const entries = new Map<number, Float32Array>();
        const running: Promise<unknown>[] = [];
        for (const step of sequence) {
          if (step.kind === 'add') {
            const vectors = randomVectors(step.count, SIZE, ++seed);
            running.push(index.add(range(step.first, step.first + step.count), vectors));
            for (let i = 0; i < step.count; i++)
              entries.set(step.first + i, vectors.subarray(i * SIZE, (i + 1) * SIZE));
          } else if (step.kind === 'remove') {
            running.push(index.remove(range(step.first, step.first + step.count)));
            for (let i = 0; i < step.count; i++) entries.delete(step.first + i);
          } else if (step.kind === 'optimize') {
            await index.optimize();
          } else {
            await index.save(folder);
            index = await VectorIndex.open(folder, small);
          }
          await Promise.resolve();
          const query = randomVectors(1, SIZE, ++seed);
          expect([...index.search(query, 5).labels]).toEqual(exactly(entries, query, 5));
        }
        await Promise.all(running);
        expect([...index.labels()]).toEqual([...entries.keys()].sort((a, b) => a - b));
        const query = randomVectors(1, SIZE, ++seed);
        const allowed = range(20, 90);
        const some = new Map([...entries].filter(([label]) => allowed.includes(label)));
        expect([...index.search(query, 9, { allowed }).labels]).toEqual(exactly(some, query, 9));
      }),
      { numRuns: 60 },
    );
    expect(readdirSync(folder).filter((name) => !/^(index\.json|(vectors|graph)-\w+)$/.test(name))).toEqual([]);
  });
});
