import { describe, expect, it } from 'vitest';
import { resolveLora, resolveOptimizer } from '../../../src/training/options.js';
import type { LoraOptions, OptimizerOptions } from '../../../src/training/types.js';

describe('resolveLora', () => {
  it('fills in the defaults', () => {
    expect(resolveLora({}, 30)).toEqual({
      rank: 8,
      ranks: [],
      rankStabilized: false,
      alpha: 16,
      targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
      firstLayer: 0,
      lastLayer: 29,
      dropout: 0,
      seed: 0,
    });
  });

  it('counts negative layers from the top and sorts targets', () => {
    const lora = resolveLora({ layers: [-15, -1], targets: ['down', 'q', 'down'], rank: 4 }, 30);
    expect(lora).toMatchObject({ firstLayer: 15, lastLayer: 29, targets: ['q', 'down'], alpha: 8 });
  });

  it('scales rsLoRA of rank 8 as LoRA of rank 8', () => {
    const { alpha, rankStabilized } = resolveLora({ kind: 'rslora', rank: 64 }, 30);
    expect(rankStabilized).toBe(true);
    expect(alpha / Math.sqrt(8)).toBeCloseTo(2);
  });

  it('refuses DoRA and says why', () => {
    expect(() => resolveLora({ kind: 'dora' } as unknown as LoraOptions, 30)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('llama.cpp') as string }),
    );
  });

  it.each([
    { kind: 'lokr' },
    { rankPattern: { v: -1 } },
    { rank: 0 },
    { rank: 1.5 },
    { rank: NaN },
    { alpha: 0 },
    { alpha: Infinity },
    { targets: [] },
    { targets: ['qkv'] },
    { layers: [3, 2] },
    { layers: [0, 30] },
    { layers: [-31, 2] },
    { dropout: 1 },
    { dropout: -0.1 },
    { seed: -1 },
    { rnak: 8 },
  ])('refuses %j', (options) => {
    expect(() => resolveLora(options as unknown as LoraOptions, 30)).toThrow(
      expect.objectContaining({ name: 'EngramError', code: 'usage' }),
    );
  });
});

describe('resolveOptimizer', () => {
  it('fills in the defaults', () => {
    expect(resolveOptimizer({ kind: 'sgd' })).toMatchObject({ kind: 'sgd', learningRate: 2e-4, maxGradNorm: 1 });
  });

  it.each([
    { learningRate: 0 },
    { learningRate: NaN },
    { learningRate: -1e-4 },
    { rateB: 0 },
    { beta1: 1 },
    { epsilon: 0 },
    { weightDecay: -1 },
    { maxGradNorm: NaN },
    { kind: 'lion' },
    { learningrate: 1e-4 },
  ])('refuses %j', (options) => {
    expect(() => resolveOptimizer(options as unknown as OptimizerOptions)).toThrow(
      expect.objectContaining({ name: 'EngramError', code: 'usage' }),
    );
  });
});
