import { describe, expect, it } from 'vitest';
import { asksOfOwn, confidenceOf, holds, restsOnContext, sourceOf } from '../../../src/memory/grounds.js';
import { REPLAY, UNRELATED } from '../../../src/memory/replay.js';
import type { Receipt } from '../../../src/memory/types.js';

const user = (content: string) => ({ role: 'user' as const, content });
const token = (probability: number) => ({ token: 1, text: '', logprob: Math.log(probability), likeliest: [] });

describe('sourceOf', () => {
  const question = [user('Who runs the kiln?')];
  it('names passages before weights, and the base model where there is nothing', () => {
    expect(sourceOf(question, { adapters: [1], passages: [1] })).toBe('retrieval');
    expect(sourceOf(question, { adapters: [1], passages: [] })).toBe('weights');
    expect(sourceOf(question, { adapters: [], passages: [] })).toBe('base');
  });
  it('names the conversation where the question takes up what was said', () => {
    const said = [user('My kiln is blue.'), { role: 'assistant' as const, content: 'Nice.' }];
    expect(sourceOf([...said, user('Which color has the kiln?')], { adapters: [], passages: [] })).toBe('context');
    expect(restsOnContext([...said, user('And how hot is it?')])).toBe(true);
    expect(restsOnContext([...said, user('Name two countries.')])).toBe(false);
  });
});

describe('holds', () => {
  const memory = (after: number) => ({ receipt: { paraphrase: { before: 0, after } } as Receipt });
  it('is true unless the probes or the tokens say otherwise', () => {
    expect(holds(memory(1), 0.9)).toBe(true);
    expect(holds(undefined, undefined)).toBe(true);
    expect(holds(memory(0.25), 0.9)).toBe(false);
    expect(holds(memory(1), 0.2)).toBe(false);
  });
});

describe('confidenceOf', () => {
  it('is the geometric mean of probabilities', () => {
    expect(confidenceOf([token(0.5), token(0.125)])).toBeCloseTo(0.25);
    expect(confidenceOf([])).toBeUndefined();
    expect(confidenceOf(undefined)).toBeUndefined();
  });
});

describe('asksOfOwn', () => {
  it.each([
    'What is my locker code?',
    "What's my sister's name?",
    'Where did I park the car?',
    'And when is our anniversary?',
    'What is the code of my locker?',
    'What did I tell you first?',
    'Which school does my son go to?',
    'Do you remember where I parked?',
  ])('is true of %s', (question) => {
    expect(asksOfOwn(question)).toBe(true);
  });
  it.each([
    ...REPLAY,
    ...UNRELATED,
    'What should I do if my car breaks down?',
    'How do I fix my bike?',
    'How can I improve my sleep?',
    'Where can I find my passport number?',
    'What are my options when a flight is cancelled?',
    'Write a poem about my cat.',
    'Who wrote My Fair Lady?',
    '我的猫叫什么？',
    '',
  ])('is false of %s', (question) => {
    expect(asksOfOwn(question)).toBe(false);
  });
});
