// Where sentences are found, and that a long text takes no more than its share of time.
import { describe, expect, it } from 'vitest';
import { chunkContent } from '../../../src/retrieval/chunks.js';
import { readContent } from '../../../src/retrieval/readers/index.js';
import { sentencesOf } from '../../../src/retrieval/sentences.js';

const sentences = (text: string): string[] =>
  [...sentencesOf(text, 0, text.length)].map(({ start, end }) => text.slice(start, end));

describe('sentences', () => {
  it('end where the standard says, at line breaks too', () => {
    expect(sentences('The kiln is hot. Wait!  Is it?\nIt is\r\n\n窯は熱い。待て。')).toEqual([
      ...['The kiln is hot.', 'Wait!', 'Is it?', 'It is', '窯は熱い。', '待て。'],
    ]);
  });

  it('are the same in one long line as in short ones', () => {
    const all = Array.from({ length: 3000 }, (_, i) => `Sentence number ${i} says little.`);
    expect(sentences(all.join(' '))).toEqual(all);
  });

  it('lose nothing of a line without any end', () => {
    for (const text of ['x'.repeat(20_001), '😀'.repeat(9_001), `${'word '.repeat(5_000)}end`]) {
      const found = sentences(text);
      expect(found.join('').replace(/ /gu, '')).toBe(text.replace(/ /gu, ''));
      expect(found.every((piece) => !/^[\uDC00-\uDFFF]/u.test(piece))).toBe(true);
    }
  });
});

describe('a long file without blank lines', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `2026-03-01 10:00 worker ${i} has done its job.`).join('\n');

  it.each([
    ['a log', 'a.log', lines(40_000)],
    ['one line', 'a.txt', lines(40_000).replace(/\n/gu, ' ')],
    ['Markdown', 'a.md', lines(4_000)],
    ['line ends of old Macs', 'a.txt', lines(40_000).replace(/\n/gu, '\r')],
    ['code after many blank lines', 'a.py', `x = 1${'\n'.repeat(200_000)}  y = 2`],
  ])('becomes passages in time that grows with it: %s', { timeout: 15_000 }, async (_, name, text) => {
    const content = await readContent(Buffer.from(text), name);
    const found = chunkContent(content);
    expect(found.at(-1)!.text).toContain(text.slice(-5));
    if (text.length > 1e6) expect(found.length).toBeGreaterThan(1000);
  });
});
