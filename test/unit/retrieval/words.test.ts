// Full text search in languages with and without spaces, over SQLite's own index.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/retrieval/library.js';
import { termsOf } from '../../../src/retrieval/words.js';

const TEXTS = [
  '机器学习是人工智能的一个分支。', // 1
  '北京大学位于海淀区。', // 2
  '我们昨天在公园里看到一只猫。', // 3
  '東京都の天気は晴れです。', // 4
  '京都は古い都市で、寺が多い。', // 5
  'コンピュータの電源を入れてください。', // 6
  'The runners were running through Zürich.', // 7
  'A file named report_2026.pdf', // 8
];

/** Ids of the texts that a question finds, best first. */
function find(question: string): number[] {
  const library = Library.openOrCreate(join(mkdtempSync(join(tmpdir(), 'engram-words-')), 'l.sqlite'));
  const file = { hash: 'x', bytes: 1, mtimeMs: 1, readMs: 1 };
  library.write({
    updates: TEXTS.map((text, i) => ({
      file: { ...file, path: `/${i}` },
      chunks: [{ start: 0, end: text.length, text, headings: [] }],
    })),
  });
  const ids = library.passages.matching(termsOf(question).join(' OR '), 9).map(({ id }) => id);
  library.close();
  return ids;
}

describe('full text search', () => {
  it('finds Chinese words of any length, inside longer words too', () => {
    expect(find('学习')).toEqual([1]);
    expect(find('大学')[0]).toBe(2);
    expect(find('什么是人工智能？')[0]).toBe(1);
    expect(find('猫')).toEqual([3]);
  });

  it('finds Japanese words', () => {
    expect(find('東京の天気')[0]).toBe(4);
    expect(find('京都の寺')[0]).toBe(5);
    expect(find('コンピュータ')).toEqual([6]);
  });

  it('finds forms of a word, without case and accents', () => {
    expect(find('run')).toEqual([7]);
    expect(find('ZURICH')).toEqual([7]);
    expect(find('2026')).toEqual([8]);
  });

  it('takes any question as words, not as a query', () => {
    for (const question of ['"', 'a AND', 'NEAR(x', '*', 'body: run)', '-run', "'; DROP TABLE words", '💥', '\0']) {
      expect(() => (termsOf(question).length === 0 ? [] : find(question))).not.toThrow();
    }
    expect(termsOf('what is it')).toEqual(['"what"', '"is"', '"it"']);
    expect(termsOf('what is a kiln')).toEqual(['"kiln"']);
    expect(termsOf('?!')).toEqual([]);
  });
});
