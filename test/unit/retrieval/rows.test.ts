// A stored vector is the vector to half a hundredth of its largest number, has its length, and may be of an older engram.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, floatsOf, storedLengths } from '../../../src/retrieval/rows.js';

const norm = (vector: Float32Array): number => Math.hypot(...vector);

describe('a vector in bytes', () => {
  it('is nearly the vector, as long as it, in a quarter of the bytes', () => {
    const number = fc.float({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1 }), (numbers) => {
        const vector = Float32Array.from(numbers);
        const most = Math.max(...vector.map(Math.abs));
        fc.pre(most > 1e-20);
        const stored = bytesOf(vector);
        expect(stored).toHaveLength(4 + vector.length);
        const read = floatsOf(stored, vector.length)!;
        expect(norm(read) / norm(vector)).toBeCloseTo(1, 5);
        // Rounding to a byte, and the scale that makes up for what rounding did to the length.
        for (const [i, value] of read.entries()) expect(Math.abs(value - vector[i]!)).toBeLessThan(0.01 * most);
      }),
    );
  });

  it('may be floats of an older engram, and nothing of another length', () => {
    const vector = Float32Array.of(0.6, -0.8, 0);
    const floats = Buffer.from(vector.buffer);
    expect(floatsOf(floats, 3)).toEqual(vector);
    expect(storedLengths(3)).toEqual([7, 12]);
    for (const length of [0, 3, 6, 8, 11, 13]) expect(floatsOf(Buffer.alloc(length, 1), 3)).toBeUndefined();
    expect(floatsOf(bytesOf(Float32Array.of(0, 0, 0)), 3)).toBeUndefined();
  });
});
