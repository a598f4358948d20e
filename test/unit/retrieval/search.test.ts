// What a search is narrowed to, how its results are made different from one another and reordered, over real files and a real
// library with a fake embedder; and memories beside passages.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Memory } from '../../../src/brain/index.js';
import { recall } from '../../../src/gate/index.js';
import { diversify, fuseScores } from '../../../src/retrieval/fuse.js';
import { readHere } from '../../../src/retrieval/apart/index.js';
import { Retrieval, type SearchOptions } from '../../../src/retrieval/index.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

const FILES: Readonly<Record<string, string>> = {
  'notes/kiln.md': '# Kiln\n\nThe kiln is fired on Tuesday.',
  'notes/2024/kiln.md': '# Kiln\n\nThe kiln was fired on Monday.',
  'guide.txt': 'A kiln is an oven for clay.',
  'people.csv': 'name,city,fee\nMara,Bern,12\nOtis,Basel,7\n',
  'roses.txt': 'Roses are pruned in March.',
  'mail.json': JSON.stringify({ text: 'Mara is ill.', tags: ['work', 'health'], sent: [{ to: 'Otis' }] }).replace(
    '}]}',
    '}], "price": 1.50}',
  ),
  'cafe\u0301.txt': 'They have coffee.',
};
const DAY = 86_400_000;

let root: string;
let retrieval: Retrieval;
const embedder = new FakeEmbedder();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'engram-search-'));
  for (const [name, text] of Object.entries(FILES)) {
    const path = join(root, 'docs', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  utimesSync(join(root, 'docs', 'guide.txt'), new Date('2020-05-01'), new Date('2020-05-01'));
  retrieval = new Retrieval({
    home: join(root, 'home'),
    brain: 'default',
    embedder: () => Promise.resolve(embedder),
    reader: readHere,
  });
  await retrieval.ingest([join(root, 'docs')]);
});
afterAll(async () => {
  await retrieval.close();
  rmSync(root, { recursive: true, force: true });
});

const files = async (question: string, options: SearchOptions = {}): Promise<string[]> =>
  (await retrieval.search(question, options)).map(({ source }) => basename(source)).sort();
const texts = async (question: string, options: SearchOptions = {}): Promise<string[]> =>
  (await retrieval.search(question, options)).map(({ text }) => text);

describe('a search', () => {
  it('is narrowed to files, folders and globs', async () => {
    for (const mode of ['fused', 'dense', 'lexical'] as const) {
      expect(await files('kiln', { mode, sources: ['notes/2024'] })).toEqual(['kiln.md']);
      expect(await files('kiln', { mode, sources: ['*.txt'] })).toContain('guide.txt');
      expect(await files('kiln', { mode, sources: ['*.txt'] })).not.toContain('kiln.md');
      expect(await files('kiln', { mode, sources: ['nowhere'] })).toEqual([]);
    }
    expect(await texts('kiln', { sources: ['notes/**/*.md', join(root, 'docs', 'guide.txt')] })).toHaveLength(3);
  });

  it('is narrowed to times', async () => {
    const time = Date.parse('2021-01-01');
    expect(await files('kiln', { until: time })).toEqual(['guide.txt']);
    expect(await files('kiln', { since: time })).not.toContain('guide.txt');
    expect(await files('kiln', { since: Date.now() + DAY })).toEqual([]);
  });

  it('is narrowed to the values of fields, whatever their case', async () => {
    expect(await texts('who', { where: { city: 'bern' } })).toEqual([expect.stringContaining('Mara')]);
    expect(await texts('who', { where: { fee: 7 } })).toEqual([expect.stringContaining('Otis')]);
    expect(await texts('who', { where: { city: 'Bern', fee: 7 } })).toEqual([]);
    expect(await texts('who', { where: { "x' OR 1": 'Bern' } })).toEqual([]);
  });

  it('is narrowed to one of the values of a list, and to a number however it is written', async () => {
    const mail = [expect.stringContaining('Mara is ill')];
    expect(await texts('who', { where: { tags: 'health' } })).toEqual(mail);
    expect(await texts('who', { where: { 'tags.1': 'HEALTH' } })).toEqual(mail);
    expect(await texts('who', { where: { 'sent.to': 'Otis' } })).toEqual(mail);
    expect(await texts('who', { where: { sent: 'Otis' } })).toEqual([]);
    expect(await texts('who', { where: { price: 1.5 } })).toEqual(mail);
    expect(await texts('who', { where: { price: '1.50' } })).toEqual(mail);
    expect(await texts('who', { where: { price: 15 } })).toEqual([]);
  });

  it('knows a letter with a mark whether or not it is in two parts', async () => {
    const [composed, apart] = ['caf\u00e9.txt', 'cafe\u0301.txt'];
    for (const source of [composed, apart, '*f\u00e9.t?t', join(root, 'docs', composed)]) {
      expect(await files('coffee', { sources: [source] })).toEqual([apart]);
    }
  });

  it('gives as many as are asked for, and refuses what cannot be', async () => {
    expect(await texts('kiln', { k: 1 })).toHaveLength(1);
    for (const wrong of [{ k: 0 }, { k: 1.5 }, { k: 1001 }, { diversity: 2 }, { diversity: Number.NaN }]) {
      await expect(retrieval.search('kiln', wrong)).rejects.toMatchObject({ code: 'usage' });
    }
    await expect(retrieval.search('kiln', { mode: 'best' as 'dense' })).rejects.toMatchObject({ code: 'usage' });
    await expect(retrieval.search(' \n')).rejects.toMatchObject({ code: 'empty' });
  });

  it('takes any question, also one that would be a query of the full text or has no words', async () => {
    for (const question of ['"kiln', 'kiln AND', 'NEAR(kiln', '* ^ -', '🏺', '\0', `kiln ${'x'.repeat(5000)}`]) {
      expect(Array.isArray(await retrieval.search(question))).toBe(true);
    }
  });

  it('puts something different beside the best where it is asked for', async () => {
    const question = 'the kiln is fired on tuesday';
    const plain = await texts(question, { k: 2 });
    const different = await texts(question, { k: 2, diversity: 0.9 });
    expect(plain.every((text) => text.includes('fired on'))).toBe(true);
    expect(different[0]).toBe(plain[0]);
    expect(different[1]).not.toContain('fired on');
  });

  it('is reordered by a reranker, whose numbers must be some', async () => {
    const seen: string[] = [];
    const longest = (_question: string, all: readonly string[]): Promise<number[]> => {
      seen.push(...all);
      return Promise.resolve(all.map((text) => text.length));
    };
    const [first] = await texts('kiln', { reranker: longest });
    expect(first!.length).toBe(Math.max(...seen.map(({ length }) => length)));
    for (const wrong of [[], [Number.NaN], Array.from({ length: seen.length }, () => Number.NaN)]) {
      const reranker = (): Promise<number[]> => Promise.resolve(wrong);
      await expect(retrieval.search('kiln', { reranker })).rejects.toMatchObject({ code: 'usage' });
    }
  });

  it('by an embedder that gives no numbers is refused, and words still find', async () => {
    const broken = Object.assign(new FakeEmbedder(), {
      embed: () => Promise.resolve([new Float32Array(64).fill(Number.NaN)]),
    });
    const other = new Retrieval({
      home: join(root, 'home'),
      brain: 'default',
      embedder: () => Promise.resolve(broken),
    });
    await expect(other.search('kiln')).rejects.toMatchObject({ name: 'EngramError' });
    expect(await other.search('kiln', { mode: 'lexical' })).toHaveLength(3);
    await other.close();
  });
});

describe('what is relevant', () => {
  it('is what is about the question, and nothing where nothing is', async () => {
    const found = await retrieval.relevant('When is the kiln fired? On Tuesday?', { most: 1 });
    expect(found.map(({ text }) => text)).toEqual(['The kiln is fired on Tuesday.']);
    expect(await retrieval.relevant('Who composed the opera about a barber?', { most: 3 })).toEqual([]);
    expect(await retrieval.relevant('kiln', { most: 0 })).toEqual([]);
  });
});

describe('recall', () => {
  it('has memories and passages, best first, and no memory that was forgotten', async () => {
    const memory = (id: string, text: string, state: Memory['state'] = 'remembered'): Memory => ({
      ...{ id, text, state, createdAt: '2026-01-01T00:00:00Z' },
    });
    const memories = [
      memory('m-1', 'The kiln belongs to Mara.'),
      memory('m-2', 'The kiln belongs to Otis.', 'forgotten'),
    ];
    const known = { memories, retrieval, embedder: () => Promise.resolve(embedder) };
    const found = await recall(known, 'Who does the kiln belong to? Mara?', { k: 3 });
    expect(found).toHaveLength(3);
    expect(found[0]).toMatchObject({ kind: 'memory', memory: { id: 'm-1' } });
    expect(found.slice(1).every(({ kind }) => kind === 'passage')).toBe(true);
    const relevances = found.map(({ relevance }) => relevance);
    expect(relevances).toEqual([...relevances].sort((a, b) => b - a));
  });
});

describe('scores', () => {
  it('are fused by how far ahead they are, not by rank alone', () => {
    const passages = [
      { id: 1, cosine: 0.5, words: 1 },
      { id: 2, cosine: 0.45, words: 0 },
      { id: 3, cosine: 0.2, words: 20 }, // it alone has the number that was asked for
      { id: 4, cosine: undefined, words: 0 },
    ];
    const fused = fuseScores(passages, 1500);
    expect(fused.map(({ id }) => id)).toEqual([3, 1, 2, 4]);
    expect(fused[3]!.score).toBe(0.2);
    // In a larger library a word that one passage has weighs more in bm25, and the same here.
    const of = (total: number): number =>
      fuseScores([{ id: 1, cosine: 0, words: Math.log((total - 0.5) / 1.5) }], total)[0]!.score;
    expect(of(100)).toBeCloseTo(0.15, 12);
    expect(of(1_000_000)).toBeCloseTo(0.15, 12);
    expect(fuseScores([{ id: 1, cosine: 0.5, words: 0 }], 1)).toEqual([{ id: 1, score: 0.5 }]);
    expect(fuseScores([], 1)).toEqual([]);
  });

  it('are diversified from the scores alone to the differences alone', () => {
    const candidates = [
      { id: 1, score: 1, vector: Float32Array.of(1, 0) },
      { id: 2, score: 0.9, vector: Float32Array.of(1, 0) },
      { id: 3, score: 0.1, vector: Float32Array.of(0, 1) },
      { id: 4, score: 0, vector: undefined },
    ];
    const ids = (diversity: number): number[] => diversify(candidates, 3, diversity).map(({ id }) => id);
    expect(ids(0)).toEqual([1, 2, 3]);
    expect(ids(0.6)).toEqual([1, 3, 4]);
    expect(diversify([], 3, 0.5)).toEqual([]);
  });
});
