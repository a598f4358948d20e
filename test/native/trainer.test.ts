// The trainer over the real addon on a tiny model: it learns, remembers, stops when told and refuses what cannot be.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  runTraining,
  train,
  type BaseModel,
  type BatchItem,
  type Example,
  type Trainer,
} from '../../src/training/index.js';
import { all, LONG, openTiny, sequence, TINY_ADAPTER, TINY_QUANTISED } from './tiny.js';

let base: BaseModel;
let folder: string;
beforeAll(async () => {
  base = await openTiny();
  folder = mkdtempSync(join(tmpdir(), 'engram-trainer-'));
});
afterAll(() => {
  base.close();
  rmSync(folder, { recursive: true });
});

const withTrainer = async <T>(use: (trainer: Trainer) => Promise<T>, rank = 4): Promise<T> => {
  const trainer = base.newTrainer({ rank, seed: 1 }, { learningRate: 1e-2 });
  try {
    return await use(trainer);
  } finally {
    trainer.close();
  }
};

const learn = async (trainer: Trainer, steps: number, example = 0): Promise<number[]> => {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { examples } = await trainer.backward([{ example, scale: 1 / 31 }]);
    losses.push(examples[0]!.sumLoss / examples[0]!.sumWeights);
    await trainer.update();
  }
  return losses;
};

describe('training', () => {
  it('lowers the loss', () =>
    withTrainer(async (trainer) => {
      trainer.add(sequence(32));
      const losses = await learn(trainer, 30);
      expect(losses[0]).toBeGreaterThan(3);
      expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]!);
    }));

  it('lowers the loss of a quantised model too', async () => {
    const quantised = await openTiny(TINY_QUANTISED);
    const result = await train(quantised, [sequence(32)], { epochs: 20, optimizer: { learningRate: 1e-2 } });
    expect(result.epochs.at(-1)!.train).toBeLessThan(0.8 * result.epochs[0]!.train);
    quantised.close();
  });

  it('counts what it did', () =>
    withTrainer(async (trainer) => {
      trainer.add({ tokens: [5, 6, 7, 8], weights: [1, 0, 0.5, 1], klWeights: [0, 1, 0, 0] });
      const { examples, computedTokens, flop, seconds } = await trainer.evaluate([{ example: 0 }]);
      expect(examples[0]).toMatchObject({
        tokens: 2,
        sumWeights: 1.5,
        sumKlWeights: 1,
        sumKl: expect.closeTo(0) as number,
      });
      expect(examples[0]!.maxLoss).toBeGreaterThan(0);
      expect(computedTokens).toBe(3);
      expect(flop).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThan(0);
    }));

  it('takes typed arrays and plain ones', () =>
    withTrainer(async (trainer) => {
      const tokens = [1, 2, 3];
      expect(trainer.add({ tokens, weights: [1, 1, 1] })).toBe(0);
      expect(trainer.add({ tokens: Uint32Array.from(tokens), weights: new Float32Array([1, 1, 1]) })).toBe(1);
      expect(trainer.add({ tokens: Int32Array.from(tokens), weights: [1, 1, 1], klWeights: [0, 0, 0] })).toBe(2);
      const { examples } = await trainer.evaluate(all(3));
      expect(new Set(examples.map((example) => example.sumLoss)).size).toBe(1);
    }));

  it('repeats itself exactly', async () => {
    const once = (): Promise<number[]> =>
      withTrainer((trainer) => {
        trainer.add(sequence(32));
        return learn(trainer, 5);
      });
    expect(await once()).toEqual(await once());
  });

  it('runs through the loop and says what it learned', async () => {
    const output = join(folder, 'loop.gguf');
    const examples = [0, 1, 2, 3].map((start) => sequence(20, start));
    const result = await train(base, examples, { epochs: 10, batchSize: 2, optimizer: { learningRate: 1e-2 }, output });
    expect(result.trainedTokens).toBe(4 * 19);
    expect(result.epochs[0]!.train).toBeCloseTo(result.sumLoss / result.trainedTokens);
    expect(result.epochs.at(-1)!.train).toBeLessThan(result.epochs[0]!.train);
    expect(readFileSync(output).toString('latin1', 0, 4)).toBe('GGUF');
  });
});

describe('save and load', () => {
  it('gives the same logits again', () =>
    withTrainer(async (trainer) => {
      const path = join(folder, 'Ätsch 1.gguf');
      trainer.add(sequence(32));
      await learn(trainer, 5);
      const before = await trainer.logits([1, 2, 3]);
      await trainer.save(path);
      await learn(trainer, 5);
      expect(await trainer.logits([1, 2, 3])).not.toEqual(before);
      await trainer.load(path);
      expect(await trainer.logits([1, 2, 3])).toEqual(before);
      await withTrainer(async (other) => {
        await other.load(path);
        expect(await other.logits([1, 2, 3])).toEqual(before);
      });
    }));

  it('stores F16 where asked, and reads it', () =>
    withTrainer(async (trainer) => {
      const [whole, half] = [join(folder, 'f32.gguf'), join(folder, 'f16.gguf')];
      trainer.add(sequence(32));
      await learn(trainer, 5);
      await trainer.save(whole, { type: 'f32' });
      await trainer.save(half, { type: 'f16' });
      expect(readFileSync(half).length).toBeLessThan(0.75 * readFileSync(whole).length);
      const before = await trainer.logits([1, 2, 3]);
      await withTrainer(async (other) => {
        await other.load(half);
        const rounded = await other.logits([1, 2, 3]);
        expect(rounded).not.toEqual(before);
        for (const [i, logit] of before.entries()) expect(Math.abs(rounded[i]! - logit)).toBeLessThan(0.02);
      });
      const unknown = trainer.save(half, { type: 'q8_0' as 'f16' });
      await expect(unknown).rejects.toMatchObject({ code: 'usage' });
    }));

  it("reads the adapter that llama.cpp's converter made of PEFT's", async () => {
    const trainer = base.newTrainer({ rank: 4, alpha: 8 });
    const plain = await trainer.logits([1, 2, 3]);
    await trainer.load(TINY_ADAPTER);
    const adapted = await trainer.logits([1, 2, 3]);
    expect(adapted).toHaveLength(3 * base.info.vocabularySize);
    expect(adapted).not.toEqual(plain);
    trainer.close();
  });

  it('refuses an adapter of another rank, a file that is none, and a folder that is not there', () =>
    withTrainer(async (trainer) => {
      const junk = join(folder, 'junk.gguf');
      writeFileSync(junk, 'this is no GGUF at all');
      await expect(trainer.load(TINY_ADAPTER)).resolves.toBeUndefined();
      await withTrainer(async (other) => {
        await expect(other.load(TINY_ADAPTER)).rejects.toMatchObject({ name: 'EngramError', code: 'mismatch' });
      }, 2);
      await expect(trainer.load(junk)).rejects.toMatchObject({ code: 'corrupt' });
      await expect(trainer.load(join(folder, 'none.gguf'))).rejects.toMatchObject({ code: 'not_found' });
      await expect(trainer.save(join(folder, 'no', 'such', 'x.gguf'))).rejects.toMatchObject({ code: 'disk' });
    }));
});

describe('cancelling', () => {
  it('ends a pass within a step, and the trainer goes on', () =>
    withTrainer(async (trainer) => {
      for (const example of LONG) trainer.add(example);
      const running = trainer.backward(all(LONG.length));
      const start = performance.now();
      setTimeout(() => {
        trainer.cancel();
      }, 100);
      await expect(running).rejects.toMatchObject({ name: 'AbortError', code: 'cancelled' });
      expect(performance.now() - start).toBeLessThan(1500);
      const again = trainer.add(sequence(32));
      const losses = await learn(trainer, 10, again);
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
    }));

  /** A batch that takes long enough not to be over before it is cancelled. */
  const addLong = (trainer: Trainer): BatchItem[] =>
    LONG.slice(0, 60).map((example) => ({ example: trainer.add(example), scale: 1e-3 }));

  it('ends a call that was only just made, and nothing when nothing runs', () =>
    withTrainer(async (trainer) => {
      trainer.add(sequence(32));
      const long = addLong(trainer);
      trainer.cancel();
      await trainer.evaluate([{ example: 0 }]);
      const first = trainer.backward(long);
      const second = trainer.evaluate([{ example: 0 }]);
      trainer.cancel();
      await expect(first).rejects.toMatchObject({ code: 'cancelled' });
      await expect(second).resolves.toBeDefined();
    }));

  it('leaves no gradient behind', async () => {
    const gradNorm = (cancelFirst: boolean): Promise<number> =>
      withTrainer(async (trainer) => {
        trainer.add(sequence(32));
        if (cancelFirst) {
          const long = addLong(trainer);
          await trainer.backward([{ example: 0, scale: 5 }]);
          const cancelled = trainer.backward(long);
          trainer.cancel();
          await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
        }
        await trainer.backward([{ example: 0 }]);
        return (await trainer.update()).gradNorm;
      });
    expect(await gradNorm(true)).toBe(await gradNorm(false));
  });

  it('ends a run by its signal', () =>
    withTrainer(async (trainer) => {
      const signal = AbortSignal.timeout(150);
      const running = runTraining(trainer, LONG, { batchSize: LONG.length, signal });
      await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    }));

  it('close() ends what runs and what waits, and never blocks', async () => {
    const trainer = base.newTrainer();
    for (const example of LONG) trainer.add(example);
    const running = trainer.backward(all(LONG.length));
    const waiting = trainer.evaluate([{ example: 0 }]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    trainer.close();
    trainer.close();
    expect(performance.now() - start).toBeLessThan(20);
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(trainer.update()).rejects.toMatchObject({ code: 'usage', message: 'The trainer is closed.' });
    expect(() => trainer.add(sequence(3))).toThrow(expect.objectContaining({ code: 'usage' }));
    trainer.cancel();
  });
});

describe('bad input', () => {
  const usage = expect.objectContaining({ name: 'EngramError', code: 'usage' }) as Error;

  it.each<[string, Example, string]>([
    ['no tokens', { tokens: [], weights: [] }, 'empty'],
    ['one token', { tokens: [1], weights: [1] }, 'empty'],
    ['too many tokens', sequence(257), 'too_long'],
    ['a token outside the vocabulary', { tokens: [1, 128], weights: [1, 1] }, 'usage'],
    ['a negative token', { tokens: [1, -1], weights: [1, 1] }, 'usage'],
    ['half a token', { tokens: [1, 1.5], weights: [1, 1] }, 'usage'],
    ['too few weights', { tokens: [1, 2], weights: [1] }, 'usage'],
    ['a weight that is not a number', { tokens: [1, 2], weights: [1, NaN] }, 'usage'],
    ['a negative weight', { tokens: [1, 2], weights: [1, -1] }, 'usage'],
    ['an infinite KL weight', { tokens: [1, 2], weights: [1, 1], klWeights: [1, Infinity] }, 'usage'],
  ])('refuses %s', (_, example, code) =>
    withTrainer((trainer) => {
      expect(() => trainer.add(example)).toThrow(expect.objectContaining({ name: 'EngramError', code }));
      return Promise.resolve();
    }),
  );

  it('refuses batches that cannot be', () =>
    withTrainer(async (trainer) => {
      trainer.add(sequence(4));
      for (const batch of [[], [{ example: 1 }], [{ example: -1 }], [{ example: 0.5 }], [{ example: 0, scale: NaN }]]) {
        await expect(trainer.backward(batch)).rejects.toEqual(usage);
        await expect(trainer.evaluate(batch)).rejects.toEqual(usage);
      }
      await expect(trainer.update(NaN)).rejects.toEqual(usage);
      await expect(trainer.logits([500])).rejects.toEqual(usage);
      await expect(trainer.logits([])).rejects.toMatchObject({ code: 'empty' });
      await expect(trainer.save('')).rejects.toEqual(usage);
      await expect(trainer.save('a\0b')).rejects.toEqual(usage);
    }));

  it('refuses options that cannot be', () => {
    expect(() => base.newTrainer({ rank: 0 })).toThrow(usage);
    expect(() => base.newTrainer({ layers: [0, 3] })).toThrow(usage);
    expect(() => base.newTrainer({}, { learningRate: NaN })).toThrow(usage);
  });

  it('says which step diverged, and changes nothing', () =>
    withTrainer(async (trainer) => {
      trainer.add(sequence(32));
      const running = runTraining(trainer, [sequence(32)], { epochs: 50, learningRate: 1e6 });
      await expect(running).rejects.toMatchObject({
        code: 'diverged',
        details: { step: expect.any(Number) as number },
      });
    }));
});

describe('several trainers', () => {
  it('run at once over the same weights', async () => {
    const alone = await withTrainer((trainer) => {
      trainer.add(sequence(32));
      return learn(trainer, 10);
    });
    const both = await Promise.all(
      [0, 1].map(() =>
        withTrainer((trainer) => {
          trainer.add(sequence(32));
          return learn(trainer, 10);
        }),
      ),
    );
    expect(both).toEqual([alone, alone]);
  });

  it('do not block the event loop', () =>
    withTrainer(async (trainer) => {
      for (const example of LONG) trainer.add(example);
      let longest = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }, 5);
      await trainer.evaluate(all(200));
      clearInterval(timer);
      expect(longest).toBeLessThan(400);
    }));
});
