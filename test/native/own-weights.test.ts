// Answers computed with the weights that training holds, through the generator, on a tiny Llama. That they are right is the
// matter of native/test/own_context_test.cpp and prompt_reader_test.cpp; not here: how fast it is (scripts/bench/prompts.mjs).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator, type Generator } from '../../src/inference/index.js';
import { cpuInfo, openBaseModel, openOwnWeights } from '../../src/training/index.js';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'golden');
const TINY = join(GOLDEN, 'tiny-tied.gguf');
const TEXT = 'Hello there, and so on. '.repeat(8);

let folder: string;
const open: Generator[] = [];
async function load(name: 'own' | 'llama'): Promise<Generator> {
  const ownWeights = (): ReturnType<typeof openOwnWeights> => openOwnWeights(TINY);
  const generator = await loadGenerator(TINY, {
    ...{ gpu: false, threads: 1 },
    ...(name === 'own' ? { ownWeights } : {}),
  });
  open.push(generator);
  return generator;
}
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-prompts-'));
});
afterAll(async () => {
  await Promise.all(open.map((generator) => generator.close()));
  rmSync(folder, { recursive: true });
});

describe.skipIf(!cpuInfo().kernel.startsWith('avx'))('a generator with weights of its own', () => {
  it('answers the same whatever it computed before, and shares the weights with training', async () => {
    const generator = await load('own');
    const base = await openBaseModel(TINY);
    const cold = await generator.complete(TEXT, { maxTokens: 12 });
    const warm = await generator.complete(TEXT, { maxTokens: 12 });
    expect(cold.reusedTokens).toBe(0);
    expect(warm.reusedTokens).toBeGreaterThan(0);
    expect(warm.text).toBe(cold.text);
    base.close();
    expect((await generator.complete(TEXT, { maxTokens: 12 })).text).toBe(cold.text);
  });

  it('is bound to them in what it saves', async () => {
    const [own, llama] = [await load('own'), await load('llama')];
    const path = join(folder, 'state');
    const answer = await own.complete(TEXT, { maxTokens: 12 });
    await own.saveState(path);
    await expect(llama.restoreState(path)).rejects.toMatchObject({ code: 'mismatch' });
    const other = await load('own');
    await other.restoreState(path);
    const again = await other.complete(TEXT, { maxTokens: 12 });
    expect(again.text).toBe(answer.text);
    expect(again.reusedTokens).toBeGreaterThan(0);
  });

  it('weighs a text beside a conversation, which stays as it was computed', async () => {
    const generator = await load('own');
    const conversation = await generator.complete(TEXT, { maxTokens: 12 });
    const [likely, unlikely] = [conversation.text, `${conversation.text.slice(6)}${conversation.text.slice(0, 6)}`];
    const scores = [];
    for (const text of [likely, unlikely]) scores.push((await generator.score(TEXT, text)).logprob);
    expect(scores[0]).toBeGreaterThan(scores[1]!);
    const again = await generator.complete(TEXT, { maxTokens: 12 });
    expect(again.reusedTokens).toBeGreaterThan(0);
    expect(again.text).toBe(conversation.text);
  });
});
