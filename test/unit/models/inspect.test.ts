import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { inspectLanguageModel, inspectModel } from '../../../src/models/inspect.js';
import { LANGUAGE_MODEL, string, tinyGguf, u32, u64, type TinyGguf } from './tiny-gguf.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-gguf-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(content: Buffer | TinyGguf): string {
  const path = join(folder, 'model.gguf');
  writeFileSync(path, Buffer.isBuffer(content) ? content : tinyGguf(content));
  return path;
}

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof EngramError) return error.code;
    throw error;
  }
  return 'fine';
};

const without = (key: string) =>
  Object.fromEntries(Object.entries(LANGUAGE_MODEL.metadata).filter(([name]) => name !== key));

const start = (tensors: number | bigint, entries: number | bigint): Buffer =>
  Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(entries)]);

describe('inspectModel', () => {
  it('says what a language model is', () => {
    expect(inspectLanguageModel(file(LANGUAGE_MODEL))).toMatchObject({
      name: 'Tiny',
      architecture: 'llama',
      parameters: 4 * 64 + 64,
      quantisation: 'Q4_1',
      contextLength: 256,
      hasChatTemplate: true,
      shape: { layers: 2, hiddenSize: 64, heads: 4, keyValueHeads: 2, headSize: 16, vocabularySize: 4 },
    });
  });

  it('takes the largest of numbers given for each layer, and the commonest type where none is named', () => {
    const metadata = without('general.file_type');
    const info = inspectModel(
      file({ ...LANGUAGE_MODEL, metadata: { ...metadata, 'llama.feed_forward_length': [32, 96] } }),
    );
    expect(info.shape.feedForwardSize).toBe(96);
    expect(info.quantisation).toBe('Q4_1');
  });

  it.each([
    ['an adapter', { 'general.type': 'adapter' }],
    ['an encoder', { 'general.architecture': 'bert' }],
    ['a projector', { 'general.architecture': 'clip' }],
    ['one that is not causal', { 'llama.attention.causal': false }],
  ])('refuses %s as a language model', (_, extra) => {
    const path = file({ ...LANGUAGE_MODEL, metadata: { ...LANGUAGE_MODEL.metadata, ...extra } });
    expect(inspectModel(path).notLanguageModel).toBeDefined();
    expect(code(() => inspectLanguageModel(path))).toBe('unsupported');
  });

  it('refuses one without tokenizer or embeddings', () => {
    const metadata = without('tokenizer.ggml.model');
    expect(code(() => inspectLanguageModel(file({ ...LANGUAGE_MODEL, metadata })))).toBe('unsupported');
    expect(code(() => inspectLanguageModel(file({ ...LANGUAGE_MODEL, tensors: [] })))).toBe('unsupported');
  });

  it('tells a missing file, a folder, another format and another version apart', () => {
    expect(code(() => inspectModel(join(folder, 'none.gguf')))).toBe('not_found');
    expect(['disk', 'unsupported']).toContain(code(() => inspectModel(folder)));
    expect(code(() => inspectModel(file(Buffer.from('{"not": "a gguf, but long enough to be one"}'))))).toBe('corrupt');
    expect(code(() => inspectModel(file(Buffer.alloc(0))))).toBe('corrupt');
    expect(code(() => inspectModel(file({ ...LANGUAGE_MODEL, version: 1 })))).toBe('unsupported');
  });

  it('finds every truncation', () => {
    const whole = tinyGguf(LANGUAGE_MODEL);
    for (let length = 0; length < whole.length - 64; length += 7) {
      expect(
        code(() => inspectModel(file(whole.subarray(0, length)))),
        `${length} bytes`,
      ).toBe('corrupt');
    }
  });

  it.each([
    ['tensors', start(2n ** 60n, 0)],
    ['entries', start(0, 2n ** 40n)],
    ['bytes of text', Buffer.concat([start(0, 1), u64(2n ** 50n), Buffer.alloc(64)])],
    [
      'numbers in an array',
      Buffer.concat([start(0, 1), string('a'), u32(9), u32(4), u64(2n ** 45n), Buffer.alloc(64)]),
    ],
    ['texts in an array', Buffer.concat([start(0, 1), string('a'), u32(9), u32(8), u64(2n ** 30n), Buffer.alloc(64)])],
    ['dimensions', Buffer.concat([start(1, 0), string('a'), u32(1_000_000), Buffer.alloc(64)])],
  ])('does not believe a huge count of %s', (_, bytes) => {
    expect(code(() => inspectModel(file(bytes)))).toBe('corrupt');
  });

  it('refuses arrays in arrays in arrays, and types it does not know', () => {
    const nested = [9, 9, 9, 9].flatMap((type) => [u32(type), u64(1)]);
    expect(
      code(() => inspectModel(file(Buffer.concat([start(0, 1), string('a'), u32(9), ...nested, Buffer.alloc(64)])))),
    ).toBe('corrupt');
    expect(code(() => inspectModel(file(Buffer.concat([start(0, 1), string('a'), u32(77), Buffer.alloc(64)]))))).toBe(
      'corrupt',
    );
  });

  it.each([
    ['hidden size of 128', { 'llama.embedding_length': 128 }],
    ['hidden size of 0', { 'llama.embedding_length': 'wide' }],
    ['1 layers, and has tensors of 2', { 'llama.block_count': 1 }],
    ['tokenizer has 5 tokens', { 'tokenizer.ggml.tokens': ['a', 'b', 'c', 'd', 'e'] }],
    ['more of keys and values', { 'llama.attention.head_count_kv': 8 }],
  ])('refuses a file that lies about its shape: %s', (says, lie) => {
    const tensors = [
      ...LANGUAGE_MODEL.tensors,
      { name: 'blk.1.attn_norm.weight', dimensions: [64], type: 0, bytes: 256 },
    ];
    const sound = { metadata: LANGUAGE_MODEL.metadata, tensors };
    expect(code(() => inspectLanguageModel(file(sound)))).toBe('fine');
    const path = file({ tensors, metadata: { ...LANGUAGE_MODEL.metadata, ...lie } });
    expect(() => inspectModel(path)).toThrow(
      expect.objectContaining({ code: 'corrupt', message: expect.stringContaining(says) as string }) as Error,
    );
  });

  it('survives any damaged byte', () => {
    const whole = tinyGguf(LANGUAGE_MODEL);
    for (let at = 4; at < 600; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = 255 - damaged[at]!;
      expect(['fine', 'corrupt', 'unsupported']).toContain(code(() => inspectModel(file(damaged))));
    }
  });
});
