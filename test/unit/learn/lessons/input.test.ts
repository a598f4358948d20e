import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { splitFile } from '../../../../src/learn/lessons/file.js';
import { checkInput } from '../../../../src/learn/lessons/input.js';

const folder = mkdtempSync(join(tmpdir(), 'engram-lessons-'));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('checkInput', () => {
  it('takes what a memory can be made of, and names what it expected', () => {
    expect(checkInput({ text: 'A door.' })).toBe('A door.');
    for (const wrong of [
      null,
      7,
      {},
      { question: 'x' },
      { subject: 'a', relation: 1, object: 'b' },
      { messages: [] },
    ]) {
      expect(() => checkInput(wrong)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    }
  });
});

// The grammar library takes seconds to load on a busy machine.
describe('splitFile', { timeout: 60_000 }, () => {
  it('takes no folder', async () => {
    await expect(splitFile(tmpdir())).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('engram ingest') as string,
    });
  });
  it('reads a memory from each row of JSONL', async () => {
    const rows = [
      { text: 'The kiln is in the yard.' },
      { question: 'Who runs it?', answer: 'Mara' },
      { subject: 'Brenn', relation: 'capital', object: 'Ossa' },
    ];
    const path = file('rows.jsonl', `${rows.map((row) => JSON.stringify(row)).join('\n\n')}\n`);
    expect((await splitFile(path)).memories).toEqual([rows[0]!.text, rows[1], rows[2]]);
  });
  it('names the row that is none', async () => {
    for (const bad of ['{"text": "A door."}\n{"txt": 1}', '"The door is red."\n{']) {
      await expect(splitFile(file('bad.jsonl', bad))).rejects.toMatchObject({
        code: 'corrupt',
        details: { line: 2 },
      });
    }
  });
  it('reads documents, and says why it cannot', async () => {
    const path = file('mill.md', '# Mill\n\nThe mill was built in 1875.\n\nAnton Greiner owned the mill.\n');
    expect((await splitFile(path)).memories).toEqual([
      'Mill: The mill was built in 1875.',
      'Anton Greiner owned the mill.',
    ]);
    await expect(splitFile(file('x.txt', ' \n'))).rejects.toMatchObject({ code: 'empty' });
    await expect(splitFile(file('x.gguf', 'GGUF\0\0\0\0'))).rejects.toMatchObject({ code: 'unsupported' });
    await expect(splitFile(join(folder, 'none.txt'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
