import { describe, expect, it } from 'vitest';
import { Plan, type PlanOptions } from '../../../src/training/plan.js';

const items = [3, 1, 4, 1, 5, 9, 2, 6].map((tokens, id) => ({ id, tokens }));
const options: PlanOptions = { epochs: 3, batchSize: 3, batchTokens: null, accumulate: 2, shuffle: true, seed: 1 };
const plan = (changes: Partial<PlanOptions> = {}): Plan<(typeof items)[number]> =>
  new Plan(items, { ...options, ...changes });
const ids = (steps: readonly (typeof items)[number][][][]): number[] => steps.flat(2).map(({ id }) => id);

describe('Plan', () => {
  it('cuts an epoch into batches, and batches into steps', () => {
    const steps = plan().epoch(1);
    expect(steps.map((step) => step.map((batch) => batch.length))).toEqual([[3, 3], [2]]);
    expect(plan().steps).toBe(6);
  });

  it('gives an epoch the same order whichever was asked for before, and each its own', () => {
    const [one, two] = [plan(), plan()];
    one.epoch(1);
    expect(ids(one.epoch(2))).toEqual(ids(two.epoch(2)));
    expect(ids(one.epoch(1))).not.toEqual(ids(one.epoch(2)));
    for (const epoch of [1, 2, 3]) expect(ids(one.epoch(epoch)).toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(ids(plan({ seed: 2 }).epoch(1))).not.toEqual(ids(one.epoch(1)));
  });

  it('does not give the next seed the order of the next epoch', () => {
    const orders = [0, 1, 2, 3].flatMap((seed) => [1, 2, 3].map((epoch) => ids(plan({ seed }).epoch(epoch)).join()));
    expect(new Set(orders).size).toBe(orders.length);
  });

  it('cuts batches by tokens, a longer example alone, and knows how many steps that makes', () => {
    const counted = plan({ batchTokens: 7, batchSize: 100, accumulate: 1 });
    const batches = [1, 2, 3].flatMap((epoch) => counted.epoch(epoch).flat());
    for (const batch of batches) {
      const tokens = batch.reduce((sum, item) => sum + item.tokens, 0);
      expect(tokens <= 7 || batch.length === 1).toBe(true);
    }
    expect(counted.steps).toBe(batches.length);
    expect(plan({ batchTokens: 1, accumulate: 1 }).steps).toBe(24);
  });

  it('keeps the given order where it is not to shuffle', () => {
    expect(ids(plan({ shuffle: false }).epoch(2))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
