// What an index is on disk: the same again, or an error that says that it must be made again. Nothing in its files may end the
// process, not even where hashes were made to fit; and a process that is killed while it saves leaves the old index.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngramError } from '../../../../src/errors.js';
import { VectorIndex, type VectorBatch } from '../../../../src/retrieval/vectors/index.js';
import { damaged, endsSoundly } from '../../../support/damaged.js';
import { compile, run } from '../../brain/child.js';
import { randomVectors } from './vectors.js';

const SIZE = 8;
const COUNT = 200;
const options = { dimensions: SIZE, embedder: 'test', exactBelow: 64 };
const vectors = randomVectors(COUNT, SIZE);
const labels = Uint32Array.from({ length: COUNT }, (_, i) => 10 * i);
const query = randomVectors(1, SIZE, 2);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-index-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const sound = new Map<string, Uint8Array>();
beforeEach(async () => {
  if (sound.size === 0) {
    const index = new VectorIndex({ ...options, ef: 77 });
    await index.add(labels, vectors);
    await index.remove([0, 10, 20]);
    await index.save(folder, { revision: 'event 12' });
    for (const name of readdirSync(folder)) sound.set(name, Uint8Array.from(readFileSync(join(folder, name))));
  }
  for (const name of readdirSync(folder)) if (!sound.has(name)) rmSync(join(folder, name), { recursive: true });
  for (const [name, bytes] of sound) writeFileSync(join(folder, name), bytes);
});
const nameOf = (kind: string): string => [...sound.keys()].find((name) => name.startsWith(kind))!;

describe('an index that is opened again', () => {
  it('has what was saved, with its ef, its revision and its graph', async () => {
    const index = await VectorIndex.open(folder, options);
    expect({ size: index.size, ef: index.ef, revision: index.revision, method: index.method }).toEqual({
      size: COUNT - 3,
      ef: 77,
      revision: 'event 12',
      method: 'graph',
    });
    const fresh = new VectorIndex({ ...options, ef: 77 });
    await fresh.add(labels.subarray(3), vectors.subarray(3 * SIZE));
    expect(index.search(query, 9)).toEqual(fresh.search(query, 9));
  });

  it('is written only when it changed', async () => {
    const index = await VectorIndex.open(folder, options);
    await index.save(folder);
    expect(readdirSync(folder).sort()).toEqual([...sound.keys()].sort());
    await index.remove([30]);
    await index.save(folder);
    expect(readdirSync(folder)).toHaveLength(sound.size);
    expect(readdirSync(folder)).not.toContain(nameOf('vectors'));
    expect((await VectorIndex.open(folder, options)).size).toBe(COUNT - 4);
  });

  it('takes what was added while it was being saved only with the next save', async () => {
    const index = await VectorIndex.open(folder, options);
    await index.remove([30]);
    const saved = index.save(folder);
    const added = index.add(Uint32Array.of(1), randomVectors(1, SIZE, 5));
    await saved;
    expect((await VectorIndex.open(folder, options)).has(1)).toBe(false);
    await added;
    await index.save(folder);
    expect((await VectorIndex.open(folder, options)).has(1)).toBe(true);
  });

  it('is refused if another embedder made it or its vectors have another length', async () => {
    const mismatch = expect.objectContaining({ code: 'mismatch' }) as unknown;
    await expect(VectorIndex.open(folder, { ...options, embedder: 'other' })).rejects.toEqual(mismatch);
    await expect(VectorIndex.open(folder, { ...options, dimensions: 4 })).rejects.toEqual(mismatch);
  });

  it('is not found in a folder that is not there or empty', async () => {
    const absent = join(folder, 'absent');
    await expect(VectorIndex.open(absent, options)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is refused if a newer engram made it', async () => {
    writeFileSync(join(folder, 'index.json'), '{"format": 2}');
    await expect(VectorIndex.open(folder, options)).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('keeps its vectors if only the graph is damaged, and makes that again', async () => {
    const bytes = sound.get(nameOf('graph'))!.slice();
    bytes[1000]! ^= 1;
    writeFileSync(join(folder, nameOf('graph')), bytes);
    const index = await VectorIndex.open(folder, options);
    expect(index.method).toBe('exact');
    await index.optimize();
    expect({ method: index.method, size: index.size }).toEqual({ method: 'graph', size: COUNT - 3 });
  });

  it('is corrupt if a file of it is missing', async () => {
    rmSync(join(folder, nameOf('vectors')));
    await expect(VectorIndex.open(folder, options)).rejects.toMatchObject({ code: 'corrupt' });
  });
});

describe('an index that cannot be used', () => {
  it.each([
    [
      'not_found',
      () => {
        rmSync(join(folder, 'index.json'));
      },
    ],
    [
      'corrupt',
      () => {
        writeFileSync(join(folder, nameOf('vectors')), 'x');
      },
    ],
    ['mismatch', () => undefined],
  ])('is made again and saved: %s', async (code, damage) => {
    damage();
    const wanted = code === 'mismatch' ? { ...options, embedder: 'other' } : options;
    const reasons: string[] = [];
    function* batches(reason: EngramError): Iterable<VectorBatch> {
      reasons.push(reason.code);
      yield { labels: Uint32Array.of(1), vectors: randomVectors(1, SIZE) };
      yield { labels: Uint32Array.of(2), vectors: randomVectors(1, SIZE, 2) };
    }
    const index = await VectorIndex.openOrRebuild(folder, wanted, batches, { revision: 'new' });
    expect({ reasons, labels: [...index.labels()] }).toEqual({ reasons: [code], labels: [1, 2] });
    const again = await VectorIndex.openOrRebuild(folder, wanted, () => {
      throw new Error('this one is sound');
    });
    expect({ labels: [...again.labels()], revision: again.revision }).toEqual({ labels: [1, 2], revision: 'new' });
  });
});

/** Puts bytes in the place of a file of the index and, on request, their hash and length into index.json. */
function replace(kind: 'vectors' | 'graph', bytes: Uint8Array, fits: boolean): void {
  writeFileSync(join(folder, nameOf(kind)), bytes);
  if (!fits) return;
  const manifest = JSON.parse(Buffer.from(sound.get('index.json')!).toString()) as Record<
    string,
    Record<string, unknown>
  >;
  manifest[kind]!['sha256'] = createHash('sha256').update(bytes).digest('hex');
  manifest[kind]!['bytes'] = bytes.length;
  writeFileSync(join(folder, 'index.json'), JSON.stringify(manifest));
}

/** Opens it and does with it whatever follows links. */
async function use(): Promise<void> {
  const index = await VectorIndex.open(folder, options);
  index.search(query, 20);
  await index
    .add(
      Uint32Array.from({ length: 20 }, (_, i) => 10 * i + 5),
      randomVectors(20, SIZE, 3),
    )
    .catch(notOurs);
  await index.remove(index.labels().subarray(0, 5));
  index.search(query, 20, { ef: 300 });
}

/** A graph whose links make no sense may be found out only when something is added. */
function notOurs(error: unknown): void {
  if ((error as { code?: string }).code !== 'native') throw error;
}

describe('any bytes in the place of', { timeout: 60_000 }, () => {
  it('index.json end in an error', async () => {
    await endsSoundly(damaged(sound.get('index.json')!), ['corrupt', 'unsupported', 'mismatch'], async (bytes) => {
      writeFileSync(join(folder, 'index.json'), bytes);
      await use();
    });
  });

  it.each(['vectors', 'graph'] as const)('the %s are noticed by their hash', async (kind) => {
    const { taken } = await endsSoundly(damaged(sound.get(nameOf(kind))!), ['corrupt'], async (bytes) => {
      replace(kind, bytes, false);
      await use();
    });
    if (kind === 'graph') expect(taken).toBeGreaterThan(0); // goes on without it
  });

  it.each(['vectors', 'graph'] as const)('the %s do not end the process though the hash fits', async (kind) => {
    await endsSoundly(damaged(sound.get(nameOf(kind))!), ['corrupt'], async (bytes) => {
      replace(kind, bytes, true);
      await use();
    });
  });
});

describe('a process that is killed while it saves', () => {
  it('leaves an index that opens, with the vectors of one save or the next', { timeout: 60_000 }, async () => {
    const names = readdirSync(join(import.meta.dirname, '../../../../src/retrieval/vectors'));
    const sources = compile([
      'errors.ts',
      'files.ts',
      'is-object.ts',
      ...names.filter((name) => name.endsWith('.ts')).map((name) => `retrieval/vectors/${name}`),
    ]);
    const code = `
      const { VectorIndex } = await import('./retrieval/vectors/index.js');
      const index = new VectorIndex({ dimensions: ${SIZE}, embedder: 'test', exactBelow: 64 });
      for (let round = 1; ; round++) {
        const labels = Uint32Array.from({ length: 500 }, (_, i) => (round - 1) * 500 + i);
        await index.add(labels, Float32Array.from({ length: 500 * ${SIZE} }, () => Math.random() - 0.5));
        await index.save(process.argv[1], { revision: String(round) });
        console.log('saved ' + round);
      }`;
    try {
      for (const delayMs of [0, 3, 11]) {
        const home = mkdtempSync(join(folder, 'killed-'));
        const child = run(sources.folder, code, [home]);
        await child.said('saved 2');
        await sleep(delayMs);
        await child.kill();
        const saved = child.lines.length;
        const index = await VectorIndex.open(home, options);
        expect([saved, saved + 1]).toContain(Number(index.revision));
        expect(index.size).toBe(500 * Number(index.revision));
        expect(index.search(query, 10).labels).toHaveLength(10);
        await index.remove([1]);
        await index.save(home);
        expect(readdirSync(home)).toHaveLength(3);
      }
    } finally {
      sources.remove();
    }
  });
});
