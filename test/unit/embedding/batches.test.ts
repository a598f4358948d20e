import { describe, expect, it } from 'vitest';
import { batchesOfEqualLength } from '../../../src/embedding/batches.js';
import { average, normalised, pool } from '../../../src/embedding/pooling.js';

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
  const hidden = Float32Array.of(1, 2, 5, 6, 3, 1);

  it('is the mean of its tokens, the first or the last', () => {
    expect([...pool(hidden, 2, 'mean')]).toEqual([3, 3]);
    expect([...pool(hidden, 2, 'cls')]).toEqual([1, 2]);
    expect([...pool(hidden, 2, 'last')]).toEqual([3, 1]);
  });

  it('is scaled to length 1, unless it is zero', () => {
    expect([...normalised(Float32Array.of(3, 4))]).toEqual([3 / 5, 4 / 5].map(Math.fround));
    expect([...normalised(Float32Array.of(0, 0))]).toEqual([0, 0]);
  });

  it('is the average of its windows by their length', () => {
    expect([...average([Float32Array.of(1, 0), Float32Array.of(0, 1)], [3, 1])]).toEqual([0.75, 0.25]);
  });
});
