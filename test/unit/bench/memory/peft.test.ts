// How a training that PEFT is to repeat is noted, and how the two are shown beside each other.
import { describe, expect, it } from 'vitest';
import { load } from './parts.js';

const { memoryTable } = await load<{ memoryTable: (result: unknown) => string }>('table');

describe('beside PEFT', () => {
  it('notes what a trainer is told, so that another can take the same steps', async () => {
    const { recording } = await load<{
      recording: (trainer: object) => {
        trainer: {
          add: (example: object) => number;
          backward: (batch: object[]) => Promise<unknown>;
          update: (rate: number) => Promise<unknown>;
        };
        examples: object[];
        steps: { rate: number; batch: number[][]; loss: number; ms: number }[];
      };
    }>('recording');
    const told: unknown[] = [];
    const { trainer, examples, steps } = recording({
      add: () => 7,
      backward: (batch: object[]) => Promise.resolve({ examples: batch.map(() => ({ sumLoss: 6 })) }),
      update: (rate: number) => Promise.resolve(told.push(rate)),
    });
    const example = { tokens: Uint32Array.of(5, 6), weights: Float32Array.of(0, 2), adaptedFrom: 1 };
    expect(trainer.add(example)).toBe(7);
    await trainer.backward([{ example: 7, scale: 0.5 }]);
    await trainer.update(1e-3);
    expect(examples).toEqual([{ tokens: [5, 6], weights: [0, 2], from: 1 }]);
    expect(steps).toMatchObject([{ rate: 1e-3, batch: [[7, 0.5]], loss: 3 }]);
    expect(steps[0]!.ms).toBeGreaterThanOrEqual(0);
    expect(told).toEqual([1e-3]);
  });

  it('is shown as a line a memory and the medians, or with the reason why there is none', () => {
    const result = {
      ...{ machine: { cpu: 'C', cores: 2, kernel: 'k', load: 0 }, peakGflops: { f32: 9 }, engram: '1', node: '20' },
      ...{ date: 'today', seconds: 3, options: { kind: 'zsre', count: 1, offset: 0, seed: 1, model: 'm' }, rows: [] },
    };
    const figures = { steps: 6, engramSeconds: 1, peftSeconds: 7, ratio: 7, cpuRatio: 6.5 };
    const peft = { versions: { peft: '0', torch: '2' }, dtype: 'float32', precision: 'int8', threads: 2, memories: 1 };
    const shown = memoryTable({ ...result, peft: { ...peft, ...figures, rows: [{ case: 'zsre-1', ...figures }] } });
    expect(shown).toMatch(/zsre-1 +6 +1 +7 +7 +6\.5\nmedian of 1 +6 +1 +7/);
    expect(memoryTable({ ...result, peft: { why: 'no Python' } })).toContain('Without PEFT: no Python');
  });
});
