import { describe, expect, it } from 'vitest';
import { seededRandom, shuffled } from '../../../src/training/random.js';

/** From an independent implementation of xoshiro128** with the same seeding. */
const PINNED = [0.15377165307290852, 0.8504893006756902, 0.018084544222801924, 211];

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, on every machine', () => {
    const random = seededRandom(42);
    const numbers = [random.next(), random.next(), random.next(), random.below(1000)];
    expect(numbers).toEqual(PINNED);
  });

  it('gives other numbers for other seeds, also beyond 32 bits', () => {
    const first = (seed: number): number => seededRandom(seed).next();
    expect(new Set([0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1].map(first)).size).toBe(6);
  });

  it('is uniform', () => {
    const random = seededRandom(7);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) counts[random.below(10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});

describe('shuffled', () => {
  it('keeps every item and leaves the original alone', () => {
    const items = [...Array(50).keys()];
    const copy = shuffled(items, seededRandom(1));
    expect(items).toEqual([...Array(50).keys()]);
    expect(copy).not.toEqual(items);
    expect([...copy].sort((a, b) => a - b)).toEqual(items);
  });
});
