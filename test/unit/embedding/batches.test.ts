import { describe, expect, it } from 'vitest';
import { batchesOfEqualLength } from '../../../src/embedding/batches.js';
import { meanOfTokens } from '../../../src/embedding/pooling.js';

describe('batches', () => {
  it('hold texts of one length, each text once', () => {
    const lengths = [3, 5, 3, 3, 5, 8];
    expect(batchesOfEqualLength(lengths, 1000)).toEqual([[0, 2, 3], [1, 4], [5]]);
    expect(batchesOfEqualLength([])).toEqual([]);
  });

  it('hold few tokens, unless one text has more', () => {
    expect(batchesOfEqualLength([3, 5, 3, 3, 5, 8], 7)).toEqual([[0, 2], [3], [1], [4], [5]]);
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
