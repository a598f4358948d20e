import { describe, expect, it } from 'vitest';
import { likeliest, mostTokens, sampling } from '../../../src/inference/sampling.js';
import type { GenerateOptions } from '../../../src/inference/types.js';

describe('logitBias', () => {
  it('is a map, and what is none is told of in words', () => {
    const none: unknown[] = [{ 5: 1 }, [[5, 1]], null, new Map([['5', 1]]), new Map([[5, 'x']])];
    for (const logitBias of none) {
      const options = { logitBias } as unknown as GenerateOptions;
      expect(() => sampling(options)).toThrow(expect.objectContaining({ code: 'usage' }));
    }
    expect(Array.from(sampling({ logitBias: new Map([[5, -Infinity]]) }).biasTokens)).toEqual([5]);
  });
});

describe('sampling settings', () => {
  it('are greedy unless a temperature is given, and penalise nothing', () => {
    expect(sampling({ topK: 5, seed: 1 })).toMatchObject({
      temperature: 0,
      topK: 5,
      repeatPenalty: 1,
      dryMultiplier: 0,
    });
    expect(sampling({ temperature: 0.5, seed: 1 })).toMatchObject({ topK: 40, topP: 0.95, minP: 0.05, seed: 1 });
    expect(sampling({ temperature: 1 }).seed).not.toBe(sampling({ temperature: 1 }).seed);
  });

  it('must be numbers in range', () => {
    const wrong = [
      { temperature: -1 },
      { temperature: Number.NaN },
      { topP: 1.5 },
      { minP: -0.1 },
      { topK: -1 },
      { seed: -1 },
      { seed: 1.5 },
      { seed: 2 ** 32 },
      { repeatPenalty: 0 },
      { dryBase: 0.5 },
      { logitBias: new Map([[1, Number.NaN]]) },
    ];
    for (const options of wrong) expect(() => sampling(options)).toThrow(expect.objectContaining({ code: 'usage' }));
    for (const maxTokens of [-1, Number.NaN]) {
      expect(() => mostTokens({ maxTokens })).toThrow(expect.objectContaining({ code: 'usage' }));
    }
    expect(() => likeliest({ logprobs: -1 })).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('may forbid a token', () => {
    const { biasTokens, biases } = sampling({
      logitBias: new Map([
        [7, -Infinity],
        [9, 1.5],
      ]),
    });
    expect([...biasTokens]).toEqual([7, 9]);
    expect(biases[0]).toBeLessThan(-1e38);
    expect(biases[1]).toBe(1.5);
  });

  it('limit an answer to 512 tokens unless told', () => {
    expect(mostTokens({})).toBe(512);
    expect(mostTokens({ maxTokens: Number.POSITIVE_INFINITY })).toBe(Number.POSITIVE_INFINITY);
  });

  it('give no probabilities unless asked', () => {
    expect(likeliest({})).toBe(-1);
    expect(likeliest({ logprobs: 3 })).toBe(3);
  });
});
