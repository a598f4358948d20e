// Labelled rows out of a file: what is a row, and which line is none.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLabelled, taskOf } from '../../../../src/training/classify/labelled-data.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-labels-'));
  file = join(folder, 'rows.jsonl');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const read = (...lines: string[]): ReturnType<typeof readLabelled> => {
  writeFileSync(file, lines.join('\n'));
  return readLabelled(file);
};

describe('readLabelled', () => {
  it('reads one label a row: strings, whole numbers and booleans', async () => {
    const rows = await read(
      '{"text":"a","label":" spam ","id":7}',
      '',
      '{"text":"b","label":3}',
      '{"text":"c","label":true}',
    );
    expect(rows.map(({ labels }) => labels)).toEqual([['spam'], ['3'], ['true']]);
    expect(taskOf(rows)).toMatchObject({ labels: ['3', 'spam', 'true'], several: false });
  });

  it('reads any number of labels a row, doubles once', async () => {
    const rows = await read('{"text":"a","labels":["x","y","x"]}', '{"text":"b","labels":[]}');
    expect(rows.map(({ labels }) => labels)).toEqual([['x', 'y'], []]);
    expect(taskOf(rows)).toMatchObject({ labels: ['x', 'y'], several: true });
  });

  it.each([
    ['corrupt', 'nonsense'],
    ['corrupt', '[]'],
    ['corrupt', '{"text":"a"}'],
    ['corrupt', '{"label":"a"}'],
    ['corrupt', '{"text":"a","label":"b","labels":["b"]}'],
    ['corrupt', '{"text":7,"label":"b"}'],
    ['corrupt', '{"text":"a","label":1.5}'],
    ['corrupt', '{"text":"a","label":null}'],
    ['corrupt', '{"text":"a","labels":"b"}'],
    ['corrupt', '{"text":"a","labels":["b"]}'], // the first row has one label
    ['empty', '{"text":" ","label":"b"}'],
    ['empty', '{"text":"a","label":" "}'],
  ])('throws %s with the line of %s', async (code, line) => {
    await expect(read('{"text":"a","label":"b"}', line)).rejects.toMatchObject({ code, details: { line: 2 } });
  });

  it('throws empty without rows, and not_found without a file', async () => {
    await expect(read('', ' ')).rejects.toMatchObject({ code: 'empty' });
    await expect(readLabelled(join(folder, 'other'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
