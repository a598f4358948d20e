import { expect, it } from 'vitest';
import { explain, type UsedGround } from '../../../src/gate/explain.js';
import type { FoundPassage } from '../../../src/retrieval/index.js';
import { FakeGenerator } from '../../fakes/generator.js';

const QUESTION = 'Who runs the kiln?';
const memory: UsedGround = {
  ground: { kind: 'memory', id: 'm-000001', text: 'Mara runs the kiln.', score: 0.9 },
  adapter: { path: 'mara.gguf' },
};
const passage = (text: string): UsedGround => ({
  ground: { kind: 'passage', passage: { text, place: 'kiln.md' } as FoundPassage },
});

/** Says Mara with her adapter on, Ivo where a passage says so, else that it does not know. */
const generator = (): FakeGenerator =>
  new FakeGenerator(1024, (messages, adapters) => {
    if (adapters.some(({ path }) => path === 'mara.gguf')) return 'Mara';
    return messages.at(-1)!.content.includes('Ivo') ? 'Ivo!' : 'I do not know.';
  });

it('tells the memory that an answer rests on from what had nothing to do with it', async () => {
  const answer = { answer: 'Mara', source: 'weights' as const };
  const grounds = [passage('Clay is fired at 1240 degrees.'), memory];
  const seen: number[] = [];
  const found = await explain({
    ...{ generator: generator(), question: QUESTION, answer, grounds },
    onProgress: ({ done, of }) => seen.push(done / of),
  });
  expect(found).toMatchObject({ question: QUESTION, answer: 'Mara', source: 'weights', tokens: 4 });
  expect(found.logprob).toBeCloseTo(4 * Math.log(0.9));
  const [first, second] = found.influences;
  expect(first).toMatchObject({ kind: 'memory', id: 'm-000001', text: 'Mara runs the kiln.', score: 0.9 });
  expect(first).not.toHaveProperty('adapter');
  expect(first!.change).toBeCloseTo(4 * (Math.log(0.9) - Math.log(0.1)));
  expect(first!.without).toBeCloseTo(4 * Math.log(0.1));
  expect(second).toMatchObject({ kind: 'passage', change: 0 });
  expect(found.base).toEqual({ answer: 'I do not know.', logprob: first!.without });
  expect(seen.at(-1)).toBe(1);
});

it('leaves out one passage at a time', async () => {
  const grounds = [passage('Nothing of the kind.'), passage('Ivo runs the kiln.')];
  const answer = { answer: 'Ivo!', source: 'retrieval' as const };
  const { influences } = await explain({ generator: generator(), question: QUESTION, answer, grounds });
  expect(influences.map(({ change }) => Math.sign(change))).toEqual([1, 0]);
  expect(influences[0]).toMatchObject({ passage: { text: 'Ivo runs the kiln.' } });
});

it('says that an answer rests on nothing but the model', async () => {
  const answer = { answer: 'I do not know.', source: 'base' as const };
  const found = await explain({ generator: generator(), question: QUESTION, answer, grounds: [] });
  expect(found.influences).toEqual([]);
  expect(found.base.logprob).toBe(found.logprob);
});

it('is cancelled', async () => {
  const answer = { answer: 'Mara', source: 'weights' as const };
  const signal = AbortSignal.abort();
  await expect(
    explain({ generator: generator(), question: QUESTION, answer, grounds: [memory], signal }),
  ).rejects.toMatchObject({ code: 'cancelled' });
});
