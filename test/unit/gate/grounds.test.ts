import { describe, expect, it } from 'vitest';
import { confidenceOf, holds, isPersonal, isSure, restsOnContext, sourceOf } from '../../../src/gate/grounds.js';
import type { Receipt } from '../../../src/brain/types.js';

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
    expect(restsOnContext([...said, user('And how hot does a kiln get?')])).toBe(true);
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
  it('rests on the tokens alone where nobody could write questions', () => {
    expect(holds({ receipt: {} as Receipt }, 0.9)).toBe(true);
    expect(holds({ receipt: {} as Receipt }, 0.2)).toBe(false);
  });
  it('takes an answer for sure where nothing was measured', () => {
    expect([undefined, 0.5, 0.49].map(isSure)).toEqual([true, true, false]);
  });
});

describe('confidenceOf', () => {
  it('is the geometric mean of probabilities', () => {
    expect(confidenceOf([token(0.5), token(0.125)])).toBeCloseTo(0.25);
    expect(confidenceOf([])).toBeUndefined();
    expect(confidenceOf(undefined)).toBeUndefined();
  });
});

describe('isPersonal', () => {
  it('is true only where the judge is nearly certain', () => {
    expect([undefined, 0, 0.5, 0.9].map(isPersonal)).toEqual([false, false, false, false]);
    expect([0.99, 1].map(isPersonal)).toEqual([true, true]);
  });
});
