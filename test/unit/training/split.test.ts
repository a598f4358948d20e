import { describe, expect, it } from 'vitest';
import { splitRows } from '../../../src/training/index.js';

describe('splitRows', () => {
  it('takes every row once, in order, and as many as the shares say', () => {
    const { train, validation, test } = splitRows(40, { validation: 0.25, test: 0.1, seed: 3 });
    expect([validation.length, test.length]).toEqual([10, 4]);
    const all = [...train, ...validation, ...test];
    expect(all.toSorted((a, b) => a - b)).toEqual([...Array(40).keys()]);
    for (const part of [train, validation, test]) expect(part).toEqual(part.toSorted((a, b) => a - b));
  });

  it('is the same for a seed, and another for another', () => {
    const of = (seed: number): unknown => splitRows(40, { validation: 0.25, test: 0.25, seed });
    expect(of(3)).toEqual(of(3));
    expect(of(4)).not.toEqual(of(3));
  });

  it('takes at least one row where a share is not 0, and none where it is', () => {
    expect(splitRows(5, { validation: 0.01, test: 0, seed: 0 })).toMatchObject({
      validation: [expect.any(Number)],
      test: [],
    });
    expect(splitRows(1, { validation: 0, test: 0, seed: 0 }).train).toEqual([0]);
  });

  it('holds out each group as the whole, and the only row of one never', () => {
    const groups = [...Array<string>(60).fill('ham'), ...Array<string>(20).fill('spam'), 'rare', 'once'];
    for (let seed = 0; seed < 20; seed++) {
      const { train, validation, test } = splitRows(groups.length, { validation: 0.2, test: 0.1, seed }, groups);
      const of = (rows: readonly number[], group: string): number => rows.filter((row) => groups[row] === group).length;
      expect([of(train, 'rare'), of(train, 'once')]).toEqual([1, 1]);
      expect(of(validation, 'spam')).toBeGreaterThanOrEqual(3);
      expect(of(test, 'spam')).toBeGreaterThanOrEqual(1);
      expect(of(validation, 'ham')).toBeGreaterThanOrEqual(11);
      expect([...train, ...validation, ...test].length).toBe(groups.length);
    }
  });

  it.each([
    [1, { validation: 0.5, test: 0 }],
    [2, { validation: 0.1, test: 0.1 }],
    [10, { validation: 0.5, test: 0.5 }],
  ])('refuses to leave none of %i rows to train on', (count, shares) => {
    expect(() => splitRows(count, { ...shares, seed: 0 })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
