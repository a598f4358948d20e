// Saved states on real models: the tiny Llama of the golden fixtures, and SmolLM2 where a conversation is needed. Not here: the
// file itself (test/unit/inference/state-file.test.ts), what every generator does (test/contract/generator.test.ts).
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator, type ChatMessage, type Generator, type LoadOptions } from '../../src/inference/index.js';
import { readStateFile, writeStateFile, type StateBinding } from '../../src/inference/state-file.js';
import { chatModel } from '../support/models.js';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'golden');
const TINY = join(GOLDEN, 'tiny-tied.gguf');
const ADAPTER = join(GOLDEN, 'tiny-tied.adapter.gguf');
const THREADS = { gpu: false, threads: 1 } as const; // others share the cores while tests run

let folder: string;
let files = 0;
const newPath = (): string => join(folder, `state-${++files}`);
const open: Generator[] = [];
async function load(model: string, options: LoadOptions = {}): Promise<Generator> {
  const generator = await loadGenerator(model, { ...THREADS, ...options });
  open.push(generator);
  return generator;
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-state-'));
});
afterAll(async () => {
  await Promise.all(open.map((generator) => generator.close()));
  rmSync(folder, { recursive: true });
});

describe('a saved state of a tiny model', () => {
  const TEXT = 'Hello there, and so on. '.repeat(8);
  const complete = (generator: Generator, text = TEXT, adapters: { path: string; scale?: number }[] = []) =>
    generator.complete(text, { maxTokens: 12, adapters });
  let generator: Generator;
  let state: string;
  let answer: string;
  beforeAll(async () => {
    generator = await load(TINY);
    state = newPath();
    answer = (await complete(generator)).text;
    await generator.saveState(state);
  });

  it('serves whatever begins with the same tokens, to the same bytes', async () => {
    const other = await load(TINY);
    for (const text of [TEXT, `${TEXT} Something else.`, 'Nothing of it.']) {
      const fresh = await load(TINY);
      const cold = await complete(fresh, text);
      await other.restoreState(state);
      const warm = await complete(other, text);
      expect(warm.text).toBe(cold.text);
      expect(cold.reusedTokens).toBe(0);
      if (text.startsWith(TEXT)) expect(warm.reusedTokens).toBeGreaterThanOrEqual(64);
    }
  });

  it('belongs to its adapters and their scales', async () => {
    const adapted = newPath();
    const use = [{ path: ADAPTER, scale: 0.5 }];
    const warm = await complete(generator, TEXT, use);
    await generator.saveState(adapted, { adapters: use });
    const other = await load(TINY);
    await other.restoreState(adapted, { adapters: use });
    const again = await complete(other, TEXT, use);
    expect(again.text).toBe(warm.text);
    expect(again.reusedTokens).toBeGreaterThanOrEqual(64);

    const copy = join(folder, 'copy.gguf'); // the same adapter under another name is the same
    copyFileSync(ADAPTER, copy);
    await other.restoreState(adapted, { adapters: [{ path: copy, scale: 0.5 }] });
    for (const adapters of [[], [{ path: ADAPTER }], [{ path: ADAPTER, scale: 0.25 }]]) {
      await expect(other.restoreState(adapted, { adapters })).rejects.toMatchObject({ code: 'mismatch' });
    }
    expect((await complete(other)).text).toBe(answer);
  });

  it('belongs to its model and fits its context, or is refused before llama.cpp sees it', async () => {
    const small = await load(TINY, { contextSize: 64 });
    await expect(small.restoreState(state)).rejects.toMatchObject({ code: 'mismatch' });
    const changed = join(folder, 'changed.gguf');
    const bytes = readFileSync(TINY);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(changed, bytes);
    const other = await load(changed);
    await expect(other.restoreState(state)).rejects.toMatchObject({ code: 'mismatch' });
    expect((await complete(other)).tokens).toBeGreaterThan(0);
  });

  it('with its bytes exchanged and its hash made again is refused by llama.cpp, and the next answer is as ever', async () => {
    const binding = bindingOf(state);
    const saved = await readStateFile(state, binding, 256);
    const forged = newPath();
    const other = await load(TINY);
    const changes = [
      { ...saved, state: saved.state.subarray(0, 100) },
      { ...saved, state: Buffer.from(saved.state.map((byte) => byte ^ 0x5a)) },
      { ...saved, tokens: saved.tokens.subarray(0, 64) },
      { ...saved, tokens: Uint32Array.from(saved.tokens, () => 2 ** 31) },
      { ...saved, prefix: 7 },
    ];
    for (const change of changes) {
      await writeStateFile(forged, change, binding);
      const error = await other.restoreState(forged).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: expect.stringMatching(/^(corrupt|usage)$/) as string });
      expect((await complete(other)).text).toBe(answer);
    }
  });

  it('cannot be had of nothing', async () => {
    const fresh = await load(TINY);
    await expect(fresh.saveState(newPath())).rejects.toMatchObject({ code: 'empty' });
    await complete(fresh, 'Short.');
    await expect(fresh.saveState(newPath())).rejects.toMatchObject({ code: 'empty' });
    await expect(fresh.saveState(newPath(), { adapters: [{ path: ADAPTER }] })).rejects.toMatchObject({
      code: 'empty',
    });
    await fresh.close();
    await expect(fresh.restoreState(state)).rejects.toMatchObject({ code: 'usage' });
  });

  it('is neither saved nor restored once the model’s file was removed or replaced; answers go on', async () => {
    const path = join(folder, 'model.gguf');
    copyFileSync(TINY, path);
    const other = await load(path);
    renameSync(path, `${path}.away`);
    expect((await complete(other)).text).toBe(answer);
    await expect(other.saveState(newPath())).rejects.toMatchObject({ code: 'not_found' });
    writeFileSync(path, 'another');
    await expect(other.restoreState(state)).rejects.toMatchObject({ code: 'not_found' });
    rmSync(path);
    renameSync(`${path}.away`, path);
    expect((await other.restoreState(state)).tokens).toBeGreaterThan(0);
  });

  it('goes into a lane of its own where answers run side by side', async () => {
    const [one, other] = [await load(TINY, { parallel: 2 }), await load(TINY, { parallel: 2 })];
    const path = newPath();
    await complete(one, 'Something before, in the other lane. '.repeat(4));
    await complete(one);
    await one.saveState(path);
    await complete(other, 'Another text altogether, as long as the first. '.repeat(4));
    await other.restoreState(path);
    await complete(other, 'Another text altogether, as long as the first. '.repeat(4));
    expect((await complete(other)).reusedTokens).toBeGreaterThanOrEqual(64);
    await expect(other.restoreState(state)).rejects.toMatchObject({ code: 'mismatch' });
  });
});

describe('a long conversation with SmolLM2', () => {
  const user = (content: string): ChatMessage => ({ role: 'user', content });
  const assistant = (content: string): ChatMessage => ({ role: 'assistant', content });

  it('keeps an early fact in its prompt when it is summarized, and loses it when it is not', async () => {
    const generator = await load(await chatModel(), { contextSize: 512 });
    const talk = [user('My name is Katarina and I am a baker in Oslo.'), assistant('Nice to meet you, Katarina!')];
    for (const subject of [
      'rivers',
      'lakes',
      'hills',
      'seas',
      'woods',
      'roads',
      'towns',
      'farms',
      'ports',
      'mines',
      'mills',
      'isles',
    ]) {
      talk.push(user(`Is it true that people have always lived near ${subject}, and that they still do?`));
      talk.push(assistant(`Yes. People have lived near ${subject} for as long as we know, in all parts of the world.`));
    }
    talk.push(user('What is my name?'));
    const shifted = await generator.chat(talk, { maxTokens: 2 });
    expect(shifted.left!.messages).toBeGreaterThan(2);
    expect(shifted.left!.summary).toBeUndefined();
    const summarized = await generator.chat(talk, { maxTokens: 2, overflow: 'summarize' });
    expect(summarized.left!.summary).toContain('Katarina');
    // What stands at the beginning was computed for the last question, and serves the next one.
    talk.push(assistant('Katarina.'), user('And where do I live?'));
    const next = await generator.chat(talk, { maxTokens: 2, overflow: 'summarize' });
    expect(next.left).toEqual(summarized.left);
    expect(next.reusedTokens).toBeGreaterThan(64);
    const path = newPath();
    const saved = await generator.saveState(path, { messages: talk, maxTokens: 2, overflow: 'summarize' });
    expect(saved.bytes).toBe(statSync(path).size);
  });
});

/** The binding in a file's header, to forge another with. */
function bindingOf(path: string): StateBinding {
  const bytes = readFileSync(path);
  const json = JSON.parse(bytes.subarray(52, 52 + bytes.readUInt32LE(16)).toString()) as StateBinding;
  const { model, adapters, build, cacheType, kernels, lanes, block, context } = json;
  return { model, adapters, build, cacheType, kernels, lanes, block, context };
}
