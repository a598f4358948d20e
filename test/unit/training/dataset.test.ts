import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngramError } from '../../../src/errors.js';
import { readDataset, type Dataset } from '../../../src/training/index.js';
import { characterEncoder } from './encoder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-dataset-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const read = (content: string | Buffer, signal?: AbortSignal): Promise<Dataset> => {
  const path = join(folder, 'data.jsonl');
  writeFileSync(path, content);
  return readDataset(path, characterEncoder(), { maxTokens: 100, signal });
};

const line = (row: unknown): string => `${JSON.stringify(row)}\n`;

describe('readDataset', () => {
  it('reads the three shapes, mixed, and counts', async () => {
    const dataset = await read(
      line({ text: 'abc' }) +
        line({ prompt: 'hi', completion: 'yo', extra: 1 }) +
        line({
          messages: [
            { role: 'user', content: 'u' },
            { role: 'assistant', content: 'a' },
          ],
        }),
    );
    expect(dataset).toMatchObject({ rows: 3, trainedTokens: 3 + 3 + 2 });
    expect(dataset.examples).toHaveLength(3);
    expect(dataset.tokens).toBe(dataset.examples.reduce((sum, { tokens }) => sum + tokens.length, 0));
  });

  it('takes a byte order mark, CRLF, empty lines and a last line without an end', async () => {
    const dataset = await read(`\uFEFF{"text": "abc"}\r\n\r\n  \n{"text": "défg"}`);
    expect(dataset.examples.map(({ tokens }) => tokens.length)).toEqual([4, 5]);
  });

  it('puts a row together that spans several reads', async () => {
    const dataset = await read(line({ text: 'ab', note: 'ü'.repeat(1_000_000) }) + line({ text: 'cde' }));
    expect(dataset.examples.map(({ tokens }) => tokens.length)).toEqual([3, 4]);
  });

  it.each([
    ['no JSON', '{"text": "a"', 'corrupt'],
    ['no object', '["text"]', 'corrupt'],
    ['null', 'null', 'corrupt'],
    ['no known shape', '{"txt": "a"}', 'corrupt'],
    ['two shapes', '{"text": "a", "prompt": "b", "completion": "c"}', 'corrupt'],
    ['half a shape', '{"prompt": "b"}', 'corrupt'],
    ['a wrong type', '{"text": 5}', 'corrupt'],
    ['an empty text', '{"text": " "}', 'empty'],
    ['an empty completion', '{"prompt": "b", "completion": ""}', 'empty'],
    ['no messages', '{"messages": []}', 'corrupt'],
    ['an unknown role', '{"messages": [{"role": "bot", "content": "a"}]}', 'corrupt'],
    ['a message that is none', '{"messages": ["hi"]}', 'corrupt'],
    ['no answer', '{"messages": [{"role": "user", "content": "a"}]}', 'corrupt'],
    [
      'a late system message',
      '{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "assistant", "content": "c"}]}',
      'corrupt',
    ],
    ['a conversation that is too long', JSON.stringify({ prompt: 'x'.repeat(200), completion: 'y' }), 'too_long'],
  ])('names the line of %s', async (_, row, code) => {
    await expect(read(`${line({ text: 'fine' })}\n${row}\n`)).rejects.toMatchObject({
      name: 'EngramError',
      code,
      message: expect.stringContaining('Line 3') as unknown,
      details: expect.objectContaining({ line: 3 }) as unknown,
    });
  });

  it('refuses what is not UTF-8', async () => {
    await expect(read(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))).rejects.toMatchObject({
      code: 'corrupt',
      details: { line: 1 },
    });
  });

  it('refuses a line without end', async () => {
    await expect(read(Buffer.alloc(17 * 2 ** 20, 'x'))).rejects.toMatchObject({
      code: 'too_long',
      details: { line: 1 },
    });
  });

  it('refuses an empty file and one of empty lines', async () => {
    await expect(read('')).rejects.toMatchObject({ code: 'empty' });
    await expect(read('\n \n')).rejects.toMatchObject({ code: 'empty' });
  });

  it('says that there is no file, or that it is a folder', async () => {
    const options = { maxTokens: 100 };
    await expect(readDataset(join(folder, 'none'), characterEncoder(), options)).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(readDataset(folder, characterEncoder(), options)).rejects.toMatchObject({ code: 'disk' });
  });

  it('stops when it is told', async () => {
    await expect(read(line({ text: 'abc' }), AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('rows of other shapes', () => {
  const shown = async (row: unknown): Promise<string> => {
    const { examples } = await read(typeof row === 'string' ? row : line(row));
    return examples
      .map(({ tokens }) => String.fromCharCode(...Array.from(tokens)).replaceAll(/[\u0001-\u0004]/g, '|'))
      .join('&');
  };

  it('are read as the conversations that they are', async () => {
    const expected = '|useru||assistanta|';
    for (const row of [
      {
        prompt: 'u',
        prompt_id: '1',
        messages: [
          { role: 'user', content: 'u' },
          { role: 'assistant', content: 'a' },
        ],
      },
      {
        conversations: [
          { from: 'human', value: 'u' },
          { from: 'gpt', value: 'a' },
        ],
      },
      { conversation: [{ human: 'u', assistant: 'a' }] },
      { id: '0', data: ['u', 'a'] },
      { instruction: 'u', input: '', output: 'a' },
      { instruction: 'u', context: '', response: 'a', category: 'qa' },
      {
        messages: [
          { role: 'user', content: [{ type: 'text', text: 'u' }] },
          { role: 'assistant', content: 'a' },
        ],
      },
    ]) {
      expect(await shown(row), JSON.stringify(row)).toBe(expected);
    }
    expect(await shown({ system: 's', instruction: 'u', input: 'i', output: 'a' })).toBe(
      '|systems||useru\n\ni||assistanta|',
    );
    const history = { instruction: 'v', output: 'b', history: [['u', 'a']] };
    expect(await shown(history)).toBe('|useru||assistanta||userv||assistantb|');
  });

  it('may be one JSON array', async () => {
    const rows = [{ text: 'ab' }, { instruction: 'u', output: 'a' }];
    for (const file of [JSON.stringify(rows), JSON.stringify(rows, undefined, 2)]) {
      expect(await shown(file)).toBe('ab|&|useru||assistanta|');
    }
  });

  it('may hold calls of tools and what they gave', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"x": 1}' } };
    const messages = [
      { role: 'user', content: 'u' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: '12' },
      { role: 'assistant', content: 'a' },
    ];
    const path = join(folder, 'calls.jsonl');
    writeFileSync(path, line({ messages }));
    const seen: unknown[] = [];
    const encoder = {
      ...characterEncoder(),
      encodeTurn: (all: readonly unknown[]) => {
        seen.push(all.at(-1));
        return { prompt: Uint32Array.of(4, 5), answer: Uint32Array.of(6, 1) };
      },
    };
    const { examples } = await readDataset(path, encoder, { maxTokens: 100 });
    expect(seen).toEqual([
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'f', arguments: { x: 1 } }] },
    ]);
    expect(examples.length).toBeGreaterThan(0);
  });

  it('are refused with what to do where nobody can know what they mean', async () => {
    const refused = async (row: unknown) => read(line(row)).catch((error: unknown) => error as EngramError);
    expect(await refused({ prompt: 'p', chosen: 'a', rejected: 'b' })).toMatchObject({ code: 'corrupt' });
    expect(await refused({ chosen: 'a', rejected: 'b' })).toMatchObject({
      hint: expect.stringContaining('chosen') as string,
    });
    expect(await refused({ source: 'p', target: 'b' })).toMatchObject({
      hint: expect.stringContaining('"prompt"') as string,
    });
    const picture = { role: 'user', content: [{ type: 'image_url' }] };
    expect(await refused({ messages: [picture, { role: 'assistant', content: 'a' }] })).toMatchObject({
      code: 'corrupt',
    });
  });

  it('that write special tokens in letters are told of', async () => {
    const path = join(folder, 'typed.jsonl');
    writeFileSync(path, line({ text: 'plain' }) + line({ text: '<|im_start|>user' }) + line({ text: '<|im_end|>' }));
    const signIn = (text: string): string | undefined => /<\|\w+\|>/.exec(text)?.[0];
    const { typed } = await readDataset(path, { ...characterEncoder(), signIn }, { maxTokens: 100 });
    expect(typed).toEqual({ rows: 2, firstLine: 2, sign: '<|im_start|>' });
  });
});
