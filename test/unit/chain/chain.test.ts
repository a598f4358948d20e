// Chains over a fake engine: what is handed on, in which order, and how it ends. Not here: real adapters (test/model/chain.test.ts).
import { expect, it } from 'vitest';
import { answer, chain, classify, complete, memorize, recall } from '../../../src/chain/index.js';
import { AbortError, EngramError } from '../../../src/errors.js';
import type { Engram } from '../../../src/index.js';

interface Call {
  name: string;
  given: unknown[];
}

function fakeEngram(): { engram: Engram; calls: Call[] } {
  const calls: Call[] = [];
  const fake =
    (name: string, result: (...given: never[]) => unknown) =>
    (...given: unknown[]) => {
      calls.push({ name, given });
      return Promise.resolve(result(...(given as never[])));
    };
  const engram = {
    adapters: { classify: fake('classify', () => [{ labels: ['angry'], probabilities: { angry: 0.9, calm: 0.1 } }]) },
    ask: fake('ask', (question: string) => ({ answer: `About ${question}` })),
    chat: fake('chat', (messages: unknown[]) => ({ answer: `After ${messages.length}` })),
    complete: fake('complete', () => ({ text: ' and so on' })),
    memories: {
      recall: fake('recall', () => []),
      add: fake('memorize', (input: string) => ({ id: input, committed: true })),
    },
  };
  return { engram: engram as unknown as Engram, calls };
}

it('hands the state on from step to step, each value under its name', async () => {
  const { engram, calls } = fakeEngram();
  const seen: string[] = [];
  const reply = chain<{ text: string }>(engram)
    .step('mood', classify({ adapter: 'mood', text: ({ text }) => text }))
    .step('facts', recall({ about: ({ text }) => text, k: 2 }))
    .step('prompt', ({ text, mood, facts }) => `${mood.labels[0]!} (${facts.length}): ${text}`)
    .step('reply', answer({ question: ({ prompt }) => prompt, adapter: 'tone', maxTokens: 9 }))
    .step('more', complete({ prompt: ({ reply: { answer: said } }) => said }));
  const state = await reply.run({ text: 'It broke.' }, { onStep: ({ step }) => seen.push(step) });
  expect(state.prompt).toBe('angry (0): It broke.');
  expect(state.reply.answer).toBe('About angry (0): It broke.');
  expect(state.more).toBe(' and so on');
  expect(seen).toEqual(['mood', 'facts', 'prompt', 'reply', 'more']);
  expect(calls.map(({ name }) => name)).toEqual(['classify', 'recall', 'ask', 'complete']);
  expect(calls[2]!.given[1]).toMatchObject({ adapter: 'tone', maxTokens: 9 });
});

it('hands a conversation on as messages', async () => {
  const { engram } = fakeEngram();
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const state = await chain<{ messages: typeof messages }>(engram)
    .step('said', answer({ question: (before) => before.messages }))
    .run({ messages });
  expect(state.said.answer).toBe('After 1');
});

it('memorizes facts and questions one after the other', async () => {
  const { engram, calls } = fakeEngram();
  const facts = [
    { subject: 'Mara', relation: 'runs', object: 'the kiln' },
    { question: 'Who?', answer: 'Mara' },
  ];
  const state = await chain<object>(engram)
    .step('learned', memorize({ facts: () => facts }))
    .run({});
  expect(state.learned).toHaveLength(2);
  expect(calls.map(({ given }) => given[0])).toEqual(facts);
});

it('leaves the chain it was made from as it was', async () => {
  const short = chain<object>(fakeEngram().engram).step('one', () => 1);
  const long = short.step('two', ({ one }) => one + 1);
  expect(await short.run({})).toEqual({ one: 1 });
  expect(await long.run({})).toEqual({ one: 1, two: 2 });
  // @ts-expect-error -- the name is taken
  expect(() => long.step('two', () => 3)).toThrow('already');
});

it('says at which step it failed, and runs no further', async () => {
  const { engram, calls } = fakeEngram();
  const broken = chain<object>(engram)
    .step('lost', () => {
      throw new EngramError('not_found', 'There is no adapter "mood".', { hint: 'Train it.' });
    })
    .step('never', answer({ question: () => 'x' }));
  await expect(broken.run({})).rejects.toMatchObject({
    code: 'not_found',
    hint: 'Train it.',
    details: { step: 'lost' },
  });
  expect(calls).toEqual([]);
});

it('is cancelled between steps and within one', async () => {
  const abort = new AbortController();
  const between = chain<object>(fakeEngram().engram)
    .step('first', () => {
      abort.abort();
    })
    .step('second', () => 2);
  await expect(between.run({}, { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
  const broken = Object.assign(fakeEngram().engram, { ask: () => Promise.reject(new AbortError('half')) });
  const within = chain<object>(broken).step('said', answer({ question: () => 'x' }));
  await expect(within.run({})).rejects.toMatchObject({ name: 'AbortError', said: 'half', details: { step: 'said' } });
});
