// What only a real model shows: the same bytes from a warm and a cold cache, the model's template, adapters on a live context,
// files that are broken or of another kind. Adapters are tried on the tiny Llama of the golden fixtures, which has two.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator, type ChatMessage, type Generator } from '../../src/inference/index.js';
import { chatModel } from '../support/models.js';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'golden');
const TINY = join(GOLDEN, 'tiny-tied.gguf');
const TINY_ADAPTER = join(GOLDEN, 'tiny-tied.adapter.gguf');

const user = (content: string): ChatMessage => ({ role: 'user', content });
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });

let folder: string;
let model: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'engram-inference-'));
  model = await chatModel();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('SmolLM2', () => {
  let generator: Generator;
  beforeAll(async () => {
    generator = await loadGenerator(model, { contextSize: 1024, gpu: false });
  });
  afterAll(() => generator.close());

  const fresh = async (messages: ChatMessage[], maxTokens: number): Promise<string> => {
    const other = await loadGenerator(model, { contextSize: 1024, gpu: false });
    const { text } = await other.chat(messages, { maxTokens });
    await other.close();
    return text;
  };

  it('answers a conversation with the same bytes whether it went through it or hears it for the first time', async () => {
    const messages: ChatMessage[] = [];
    for (const question of ['Tell me about the sea.', 'And about rivers?', 'Which of them is larger, and why?']) {
      messages.push(user(question));
      const { text } = await generator.chat(messages, { maxTokens: 60 });
      messages.push(assistant(text));
    }
    const last = messages.pop()!.content;
    expect(generator.encodeChat(messages).length).toBeGreaterThan(128); // more than one block
    expect(await fresh(messages, 60)).toBe(last);
  });

  it('knows its template: the default system message, the end of a turn', () => {
    const tokens = generator.encodeChat([user('Hi')]);
    expect(generator.decode(tokens)).toContain('You are a helpful AI assistant named SmolLM');
    expect(generator.special).toEqual({ endOfTurn: 2, endOfText: 0, beginOfText: null });
    expect([...tokens].filter((token) => token === generator.special.endOfTurn)).toHaveLength(2);
    expect([...tokens.slice(-4)]).toEqual([1, ...generator.encode('assistant\n')]);
  });

  it('gives the same text for the same seed, and not always the same', async () => {
    const ask = (seed: number) =>
      generator.chat([user('Invent a name.')], { maxTokens: 16, temperature: 1.5, topP: 1, minP: 0, seed });
    const first = await ask(7);
    expect((await ask(7)).text).toBe(first.text);
    const others = await Promise.all([8, 9, 10].map(ask));
    expect(others.some(({ text }) => text !== first.text)).toBe(true);
  });

  it('returns at once when it is aborted while it reads a long prompt', async () => {
    const abort = new AbortController();
    const running = generator.chat([user('A long text. '.repeat(200))], { signal: abort.signal });
    setTimeout(() => {
      abort.abort();
    }, 5);
    expect(await running).toMatchObject({ text: '', tokens: 0, finishReason: 'cancelled' });
    expect((await generator.chat([user('Hi')], { maxTokens: 3 })).tokens).toBe(3);
  });

  it('refuses an adapter of another model, and answers on', async () => {
    const before = await generator.chat([user('Hi')], { maxTokens: 5 });
    const mismatched = generator.chat([user('Hi')], { adapters: [{ path: TINY_ADAPTER }] });
    await expect(mismatched).rejects.toMatchObject({ code: 'mismatch' });
    await expect(generator.chat([user('Hi')], { adapters: [{ path: model }] })).rejects.toMatchObject({
      code: 'mismatch',
    });
    expect((await generator.chat([user('Hi')], { maxTokens: 5 })).text).toBe(before.text);
  });
});

describe('a model without a chat template', () => {
  let generator: Generator;
  let copies = 0;
  const copy = (): string => {
    const path = join(folder, `adapter-${++copies}.gguf`);
    copyFileSync(TINY_ADAPTER, path);
    return path;
  };
  const say = async (...adapters: { path: string; scale?: number }[]): Promise<string> =>
    (await generator.complete('Hello there', { adapters, maxTokens: 12 })).text;

  beforeAll(async () => {
    generator = await loadGenerator(TINY, { gpu: false });
  });
  afterAll(() => generator.close());

  it('continues texts and holds no conversation', async () => {
    expect(generator.contextSize).toBe(256);
    expect(await say()).not.toBe('');
    await expect(generator.chat([user('Hi')])).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('runs with an adapter and its scale, and without it is what it was', async () => {
    const base = await say();
    const path = copy();
    const adapted = await say({ path });
    expect(adapted).not.toBe(base);
    expect(await say({ path, scale: 0 })).toBe(base);
    expect(await say({ path, scale: -1 })).not.toBe(adapted);
    expect(await say({ path })).toBe(adapted);
    expect(await say()).toBe(base);
  });

  it('runs with several adapters: two halves make a whole', async () => {
    const [one, other] = [copy(), copy()];
    const whole = await say({ path: one });
    expect(await say({ path: one, scale: 0.5 }, { path: other, scale: 0.5 })).toBe(whole);
    await expect(say({ path: one }, { path: one })).rejects.toMatchObject({ code: 'usage' });
    await expect(say({ path: one, scale: Number.NaN })).rejects.toMatchObject({ code: 'usage' });
  });

  it('keeps more adapters apart than it has contexts', async () => {
    const adapted = await say({ path: TINY_ADAPTER });
    const paths = Array.from({ length: 6 }, copy);
    for (const path of [...paths, ...paths]) expect(await say({ path })).toBe(adapted);
  });

  it('reads a file anew that has been replaced, with or without a release before', async () => {
    const path = copy();
    const adapted = await say({ path });
    const bytes = readFileSync(path);
    writeFileSync(path, negated(bytes));
    const other = await say({ path });
    expect(other).toBe(await say({ path: TINY_ADAPTER, scale: -1 }));
    await generator.releaseAdapter(path);
    writeFileSync(path, bytes);
    expect(await say({ path })).toBe(adapted);
    await generator.releaseAdapter(path);
    rmSync(path);
    await expect(say({ path })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses broken adapters', async () => {
    const bytes = readFileSync(TINY_ADAPTER);
    for (const broken of [Buffer.alloc(0), Buffer.from('no gguf'), bytes.subarray(0, 500), bytes.subarray(0, 20_000)]) {
      const path = join(folder, 'broken.gguf');
      writeFileSync(path, broken);
      await expect(say({ path })).rejects.toMatchObject({ code: 'corrupt' });
    }
    expect(await say()).not.toBe('');
  });
});

describe('loading', () => {
  const load = (path: string, contextSize?: number): Promise<Generator> =>
    loadGenerator(path, { gpu: false, ...(contextSize === undefined ? {} : { contextSize }) });

  it('refuses what is no model, each with its code', async () => {
    const whole = readFileSync(TINY);
    const file = (name: string, content: Buffer | string): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    await expect(load(join(folder, 'none.gguf'))).rejects.toMatchObject({ code: 'not_found' });
    for (const broken of ['', 'GGUF', whole.subarray(0, 1000), whole.subarray(0, whole.length - 5000)]) {
      await expect(load(file('broken.gguf', Buffer.from(broken)))).rejects.toMatchObject({ code: 'corrupt' });
    }
    await expect(load(TINY_ADAPTER)).rejects.toMatchObject({ code: 'unsupported' });
    const unknown = Buffer.from(whole.toString('latin1').replaceAll('llama', 'lamma'), 'latin1');
    await expect(load(file('unknown.gguf', unknown))).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('refuses settings that cannot be', async () => {
    for (const contextSize of [0, -5, 1.5, Number.NaN]) {
      await expect(load(TINY, contextSize)).rejects.toMatchObject({ code: 'usage' });
    }
    await expect(loadGenerator(TINY, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('refuses a context that does not fit into memory, with the numbers', async () => {
    const endless = Buffer.from(readFileSync(TINY));
    const key = endless.indexOf('llama.context_length') + 'llama.context_length'.length;
    endless.writeUInt32LE(2 ** 31, key + 4); // after the type of the value
    const path = join(folder, 'endless.gguf');
    writeFileSync(path, endless);
    const error = await load(path, 2 ** 31).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'memory' });
    expect((error as { details: { needed: number } }).details.needed).toBeGreaterThan(1e11);
  });
});

/** The adapter with its alpha, on which all its tensors depend, negated: its effect is turned round. */
function negated(bytes: Buffer): Buffer {
  const out = Buffer.from(bytes);
  const at = out.indexOf('adapter.lora.alpha') + 'adapter.lora.alpha'.length + 4;
  out.writeFloatLE(-out.readFloatLE(at), at);
  return out;
}
