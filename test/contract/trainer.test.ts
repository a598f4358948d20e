// What every Trainer does, over the fake that unit tests use and the real one on a tiny model.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBaseModel, runTraining, type Example, type Trainer } from '../../src/training/index.js';
import { FakeTrainer } from '../fakes/trainer.js';
import { join } from 'node:path';

const TINY = join(import.meta.dirname, '..', 'fixtures', 'golden', 'tiny-tied.gguf');

const implementations: [name: string, make: () => Promise<Trainer>][] = [
  ['the fake', () => Promise.resolve(new FakeTrainer())],
  [
    'the native one',
    async () => {
      const base = await openBaseModel(TINY, { precision: 'f32' });
      const trainer = base.newTrainer({ rank: 4 }, { learningRate: 1e-2 });
      base.close();
      return trainer;
    },
  ],
];

const example: Example = { tokens: [3, 1, 4, 1, 5, 9], weights: [1, 0, 0, 1, 0.5, 1] };
const other: Example = { tokens: [2, 7, 1, 8], weights: [0, 1, 1, 1] };

describe.each(implementations)('%s', (_, make) => {
  let trainer: Trainer;
  beforeEach(async () => {
    trainer = await make();
  });
  afterEach(() => {
    trainer.close();
  });

  it('counts examples from zero', () => {
    expect([trainer.add(example), trainer.add(other), trainer.add(example)]).toEqual([0, 1, 2]);
  });

  it('reports each example of a batch in its order, the first token never counted', async () => {
    trainer.add(example);
    trainer.add(other);
    for (const pass of ['backward', 'evaluate'] as const) {
      const { examples, computedTokens } = await trainer[pass]([{ example: 1 }, { example: 0, scale: 2 }]);
      expect(examples.map(({ tokens, sumWeights }) => ({ tokens, sumWeights }))).toEqual([
        { tokens: 3, sumWeights: 3 },
        { tokens: 3, sumWeights: 2.5 },
      ]);
      for (const { sumLoss, maxLoss } of examples) expect(Math.min(sumLoss, maxLoss)).toBeGreaterThan(0);
      expect(computedTokens).toBeGreaterThan(0);
    }
  });

  it('learns only by update()', async () => {
    trainer.add(example);
    const loss = async (): Promise<number> => (await trainer.evaluate([{ example: 0 }])).examples[0]!.sumLoss;
    const before = await loss();
    await trainer.backward([{ example: 0 }]);
    expect(await loss()).toBe(before);
    expect(await trainer.update()).toMatchObject({ step: 1, gradNorm: expect.any(Number) as number });
    await trainer.backward([{ example: 0 }]);
    expect(await trainer.update(1e-2)).toMatchObject({ step: 2 });
    expect(await loss()).toBeLessThan(before);
  });

  it('rejects the call that is cancelled, and goes on', async () => {
    trainer.add(example);
    const running = trainer.backward([{ example: 0 }]);
    trainer.cancel();
    await expect(running).rejects.toMatchObject({ name: 'AbortError', code: 'cancelled' });
    await expect(trainer.backward([{ example: 0 }])).resolves.toBeDefined();
  });

  it('runs calls one after the other', async () => {
    trainer.add(example);
    const results = await Promise.all([
      trainer.backward([{ example: 0 }]),
      trainer.update(),
      trainer.backward([{ example: 0 }]),
      trainer.update(),
    ]);
    expect([results[1].step, results[3].step]).toEqual([1, 2]);
  });

  it('refuses examples it does not know, and everything once it is closed', async () => {
    trainer.add(example);
    await expect(trainer.backward([{ example: 1 }])).rejects.toMatchObject({ code: 'usage' });
    trainer.close();
    trainer.close();
    await expect(trainer.backward([{ example: 0 }])).rejects.toMatchObject({ code: 'usage' });
    await expect(trainer.evaluate([{ example: 0 }])).rejects.toMatchObject({ code: 'usage' });
    await expect(trainer.update()).rejects.toMatchObject({ code: 'usage' });
    expect(() => trainer.add(example)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('says how likely each choice follows each sequence, in their order', async () => {
    const said = await trainer.choices([{ tokens: [3, 1, 4] }, { tokens: [2, 7], adaptedFrom: 1 }], [5, 8, 1]);
    expect(said.map(({ length }) => length)).toEqual([3, 3]);
    for (const logprobs of said) {
      const sum = Array.from(logprobs, Math.exp).reduce((a, b) => a + b, 0);
      expect(sum).toBeGreaterThan(0);
      expect(sum).toBeLessThanOrEqual(1 + 1e-6);
    }
  });

  it('is trained by the loop', async () => {
    const result = await runTraining(trainer, [example, other], { epochs: 5, learningRate: 1e-2 });
    expect(result).toMatchObject({ trainedTokens: 6, steps: 5 });
    expect(result.epochs[0]!.train).toBeCloseTo(result.sumLoss / 5.5);
    expect(result.epochs[4]!.train).toBeLessThan(result.epochs[0]!.train);
  });
});
