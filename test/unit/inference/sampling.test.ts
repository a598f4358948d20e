import { describe, expect, it } from 'vitest';
import { mostTokens, sampling } from '../../../src/inference/sampling.js';

describe('sampling settings', () => {
  it('are greedy unless a temperature is given', () => {
    expect(sampling({ topK: 5, seed: 1 })).toEqual({ temperature: 0 });
    expect(sampling({ temperature: 0.5, seed: 1 })).toEqual({
      temperature: 0.5,
      topK: 40,
      topP: 0.95,
      minP: 0.05,
      seed: 1,
    });
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
      { seed: 2 ** 32 },
    ];
    for (const options of wrong) expect(() => sampling(options)).toThrow(expect.objectContaining({ code: 'usage' }));
    for (const maxTokens of [-1, Number.NaN]) {
      expect(() => mostTokens({ maxTokens })).toThrow(expect.objectContaining({ code: 'usage' }));
    }
  });

  it('limit an answer to 512 tokens unless told', () => {
    expect(mostTokens({})).toBe(512);
    expect(mostTokens({ maxTokens: Number.POSITIVE_INFINITY })).toBe(Number.POSITIVE_INFINITY);
  });
});
