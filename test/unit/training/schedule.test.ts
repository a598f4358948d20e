import { describe, expect, it } from 'vitest';
import { rateAt, type ScheduleKind } from '../../../src/training/schedule.js';

const rates = (kind: ScheduleKind, warmupSteps: number, steps: number): number[] =>
  Array.from({ length: steps }, (_, step) => rateAt(step, { kind, learningRate: 1, warmupSteps, steps }));

describe('rateAt', () => {
  it('is constant', () => {
    expect(rates('constant', 0, 3)).toEqual([1, 1, 1]);
  });

  it('rises linearly in the warm-up, never from zero', () => {
    expect(rates('constant', 3, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });

  it('falls linearly and never reaches zero in a step', () => {
    expect(rates('linear', 0, 4)).toEqual([1, 0.75, 0.5, 0.25]);
    expect(rates('linear', 1, 5)).toEqual([0.5, 1, 0.75, 0.5, 0.25]);
  });

  it('falls along half a cosine', () => {
    const cosine = rates('cosine', 0, 4);
    expect(cosine[0]).toBe(1);
    expect(cosine[2]).toBeCloseTo(0.5);
    expect(cosine[3]).toBeCloseTo(0.5 * (1 + Math.cos((3 * Math.PI) / 4)));
  });

  it('stays above zero when the warm-up is longer than the training, and past its end', () => {
    for (const kind of ['constant', 'linear', 'cosine'] as const) {
      expect(rates(kind, 10, 4).every((rate) => rate > 0)).toBe(true);
      expect(rateAt(100, { kind, learningRate: 1, warmupSteps: 2, steps: 5 })).toBeGreaterThan(0);
    }
  });
});
