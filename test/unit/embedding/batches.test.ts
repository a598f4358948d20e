import { describe, expect, it } from 'vitest';
import { batchesOfEqualLength } from '../../../src/embedding/batches.js';
import { meanOfTokens } from '../../../src/embedding/pooling.js';

describe('batches', () => {
  it('hold texts of one length, each text once', () => {
    const lengths = [3, 5, 3, 3, 5, 8];
    const batches = batchesOfEqualLength(lengths, 2);
    expect(batches).toEqual([[0, 2], [3], [1, 4], [5]]);
    expect(batchesOfEqualLength([])).toEqual([]);
  });
});

describe('the vector of a text', () => {
  it('is the mean of its tokens at length 1', () => {
    expect([...meanOfTokens(Float32Array.of(1, 2, 5, 6), 2)]).toEqual([3 / 5, 4 / 5].map(Math.fround));
  });

  it('is zero where its tokens cancel out', () => {
    expect([...meanOfTokens(Float32Array.of(1, -1), 1)]).toEqual([0]);
  });
});
