// The benchmark of the vector index without an index: the texts it cuts out, what it sums up, what it draws.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Row {
  method: string;
  n: number;
  dimensions: number;
  recall10: number;
  msPerQuery: number;
  queriesPerSecond: number;
}

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../scripts/bench/index/${name}.mjs`, import.meta.url).href)) as T;

const { textsOf } = await load<{ textsOf: (path: string) => string[] }>('texts');
const { indexPlot, retrievalPlot } = await load<{
  indexPlot: (result: { rows: Row[] }) => string;
  retrievalPlot: (result: { rows: object[] }) => string;
}>('plot');
const { fastest } = await load<{ fastest: (rows: Row[], least: number) => Row[] }>('fastest');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the texts', () => {
  it('are the sentences of any string, then windows of long ones, each once and always in the same order', () => {
    const long = Array.from({ length: 20 }, (_, i) => `word${i}`).join(' ');
    writeFileSync(
      join(folder, 'a.jsonl'),
      `{"q": "Who runs the old kiln?", "more": ["Mara Voss runs it. She is busy."]}\n`,
    );
    writeFileSync(join(folder, 'b.txt'), `Who runs the old kiln?\n\n${long}`);
    const texts = textsOf(folder);
    expect([...texts.slice(0, 3)].sort()).toEqual(
      ['Mara Voss runs it.', 'She is busy.', 'Who runs the old kiln?', long].filter((text) => text.length >= 15).sort(),
    );
    expect(texts).toContain(long.split(' ').slice(6, 18).join(' '));
    expect(new Set(texts).size).toBe(texts.length);
    expect(textsOf(folder)).toEqual(texts);
  });

  it('are missing where there is nothing to read', () => {
    expect(() => textsOf(join(folder, 'absent'))).toThrow('There is nothing at');
  });
});

describe('the result', () => {
  const row = (method: string, recall10: number, msPerQuery: number): Row => ({
    method,
    n: 10,
    dimensions: 4,
    recall10,
    msPerQuery,
    queriesPerSecond: 1000 / msPerQuery,
  });
  const rows = [row('a', 0.97, 1), row('a', 0.985, 2), row('a', 0.99, 3), row('b', 0.9, 1)];

  it('names for each method the fastest search that finds enough, and leaves out who never does', () => {
    expect(fastest(rows, 0.98)).toEqual([rows[1]]);
  });

  it('is drawn with a line for each method and a point for each row', () => {
    const svg = indexPlot({ rows });
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('can be drawn where all recalls and times are one', () => {
    expect(indexPlot({ rows: [row('a', 1, 1)] })).not.toMatch(/NaN|Infinity/);
  });

  it('has a point for each way of searching, and none for what could not be measured', () => {
    const rows = [
      { corpus: 'cranfield', method: 'fused', recall10: 0.49, msPerQuery: 40 },
      { corpus: 'cranfield', method: 'lexical', recall10: 0.44, msPerQuery: 9 },
      { corpus: 'cranfield', method: 'rank_bm25', why: 'is not installed' },
    ];
    const svg = retrievalPlot({ rows });
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|Infinity|rank_bm25/);
    expect(svg).toContain('>fused<');
    expect(retrievalPlot({ rows: [...rows, { ...rows[0], corpus: 'squad' }] })).toContain('>squad, fused<');
  });
});
