import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { runTraining, train, type BaseModel, type Example, type RunProgress } from '../../../src/training/index.js';
import { FakeTrainer } from '../../fakes/trainer.js';

/** `trained` tokens with a loss after a prompt of two. */
const example = (trained: number): Example => ({
  tokens: new Array<number>(trained + 2).fill(1),
  weights: [0, 0, ...new Array<number>(trained).fill(1)],
});

const examples = [3, 1, 4, 1, 5, 9, 2].map(example);

describe('runTraining', () => {
  it('takes every example once an epoch, in batches, the last one smaller', async () => {
    const trainer = new FakeTrainer();
    await runTraining(trainer, examples, { epochs: 2, batchSize: 3 });
    expect(trainer.backwards.map((batch) => batch.length)).toEqual([3, 3, 1, 3, 3, 1]);
    for (const epoch of [trainer.backwards.slice(0, 3), trainer.backwards.slice(3)]) {
      const seen = epoch.flat().map((item) => item.example);
      expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
    expect(trainer.rates).toHaveLength(6);
  });

  it('weighs examples so that a step is the mean over its tokens, across accumulated batches', async () => {
    const trainer = new FakeTrainer();
    await runTraining(trainer, examples, { epochs: 1, batchSize: 2, accumulate: 2, shuffle: false });
    expect(trainer.backwards.map((batch) => batch.length)).toEqual([2, 2, 2, 1]);
    expect(trainer.rates).toHaveLength(2);
    const scales = trainer.backwards.map((batch) => batch.map((item) => item.scale));
    expect(scales).toEqual([[1 / 9, 1 / 9], [1 / 9, 1 / 9], [1 / 16, 1 / 16], [1 / 16]]);
  });

  it('reports tokens, the loss of the first epoch before each update, and the means', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => 10 - updates;
    const result = await runTraining(trainer, examples, { epochs: 2, batchSize: 4, shuffle: false });
    expect(result).toMatchObject({ trainedTokens: 25, sumLoss: 9 * 10 + 16 * 9, steps: 4 });
    expect(result.epochs).toMatchObject([
      { train: (9 * 10 + 16 * 9) / 25, validation: null },
      { train: (9 * 8 + 16 * 7) / 25, validation: null },
    ]);
  });

  it('shuffles by the seed, other in each epoch', async () => {
    const orderOf = async (seed: number): Promise<number[]> => {
      const trainer = new FakeTrainer();
      await runTraining(trainer, examples, { epochs: 2, batchSize: 1, seed });
      return trainer.backwards.flat().map((item) => item.example);
    };
    const order = await orderOf(1);
    expect(await orderOf(1)).toEqual(order);
    expect(await orderOf(2)).not.toEqual(order);
    expect(order.slice(0, 7)).not.toEqual(order.slice(7));
  });

  it('measures validation examples after each epoch, and test examples once', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => 10 - updates;
    const [validation, test] = [[example(2), example(4)], [example(6)]];
    const result = await runTraining(trainer, examples, { epochs: 2, batchSize: 4, validation, test });
    const trained = new Set(trainer.backwards.flat().map((item) => item.example));
    expect([...trained].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(trainer.evaluated.map((batch) => batch.map((item) => item.example))).toEqual([[7, 8], [7, 8], [9]]);
    expect(result.epochs.map((epoch) => epoch.validation)).toEqual([8, 6]);
    expect(result.test).toEqual({ loss: 6, accuracy: 0 });
  });

  it('follows the schedule', async () => {
    const trainer = new FakeTrainer();
    const options = { epochs: 5, batchSize: 7, learningRate: 1, warmupSteps: 1, schedule: 'linear' } as const;
    await runTraining(trainer, examples, options);
    expect(trainer.rates).toEqual([0.5, 1, 0.75, 0.5, 0.25]);
  });

  it('reports progress after every step', async () => {
    const reports: RunProgress[] = [];
    await runTraining(new FakeTrainer(), examples, { epochs: 2, batchSize: 4, onProgress: (p) => reports.push(p) });
    expect(reports.map(({ step, of, epoch, loss }) => ({ step, of, epoch, loss }))).toEqual([
      { step: 1, of: 4, epoch: 1, loss: 4 },
      { step: 2, of: 4, epoch: 1, loss: 2 },
      { step: 3, of: 4, epoch: 2, loss: expect.closeTo(4 / 3) as number },
      { step: 4, of: 4, epoch: 2, loss: 1 },
    ]);
    expect(reports.at(-1)!.etaSeconds).toBe(0);
    expect(reports.every((report) => report.tokensPerSecond > 0)).toBe(true);
  });

  it('names the step that diverged', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => (updates < 2 ? 1 : NaN);
    await expect(runTraining(trainer, examples, { batchSize: 1 })).rejects.toMatchObject({
      code: 'diverged',
      details: { step: 3 },
    });
    expect(trainer.rates).toHaveLength(2);
  });

  it('names the step when the update itself finds it', async () => {
    const trainer = new FakeTrainer();
    trainer.update = () => Promise.reject(new EngramError('diverged', 'The gradient is not finite.'));
    await expect(runTraining(trainer, examples)).rejects.toMatchObject({ code: 'diverged', details: { step: 1 } });
  });

  it('ends when the loss stays beyond what is sane, but not for one odd example', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => (updates === 1 ? 50 : updates < 4 ? 1 : 50 + updates);
    const running = runTraining(trainer, examples, { epochs: 9, batchSize: 1, maxLoss: 20 });
    await expect(running).rejects.toMatchObject({ code: 'diverged', details: { step: 7 } });
    expect(trainer.rates).toHaveLength(6);
  });

  it('stops early when validation finds nothing lower, also within an epoch', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => Math.abs(updates - 4) + 1;
    const options = { epochs: 3, batchSize: 1, evaluateEvery: 2, patience: 2, validation: [example(2)] };
    const result = await runTraining(trainer, examples, options);
    // Validated after steps 2, 4 and 6, and at the end of the epoch after step 7.
    expect(result).toMatchObject({ stoppedEarly: true, steps: 7, best: { step: 4, loss: 1 } });
    expect(trainer.evaluated).toHaveLength(4);
    const patient = await runTraining(new FakeTrainer(), examples, { ...options, patience: 0 });
    expect(patient).toMatchObject({ stoppedEarly: false, steps: 21 });
  });

  it('takes no difference below minDelta for better', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => 2 - updates / 100;
    const options = { epochs: 9, batchSize: 7, patience: 2, minDelta: 0.1, validation: [example(2)] };
    expect(await runTraining(trainer, examples, options)).toMatchObject({
      stoppedEarly: true,
      best: { step: 1 },
      steps: 3,
    });
  });

  it('cancels the pass that runs', async () => {
    const trainer = new FakeTrainer();
    const abort = new AbortController();
    trainer.onPass = () => {
      if (trainer.backwards.length === 2) abort.abort();
    };
    const running = runTraining(trainer, examples, { batchSize: 1, signal: abort.signal });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(trainer.backwards).toHaveLength(2);
    expect(trainer.rates).toHaveLength(1);
  });

  it('cancels between steps and before the first', async () => {
    const trainer = new FakeTrainer();
    const abort = new AbortController();
    const onProgress = (): void => {
      abort.abort();
    };
    const running = runTraining(trainer, examples, { batchSize: 1, signal: abort.signal, onProgress });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(trainer.rates).toHaveLength(1);

    const untouched = new FakeTrainer();
    await expect(runTraining(untouched, examples, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(untouched.examples).toHaveLength(0);
  });

  it('refuses to learn from nothing', async () => {
    const silent: Example = { tokens: [1, 2], weights: [1, 0] };
    await expect(runTraining(new FakeTrainer(), [])).rejects.toMatchObject({ code: 'empty' });
    await expect(runTraining(new FakeTrainer(), [silent])).rejects.toMatchObject({ code: 'empty' });
  });

  it.each([
    { epochs: 0 },
    { batchSize: 0 },
    { batchSize: 1.5 },
    { accumulate: NaN },
    { batchTokens: 0 },
    { patience: 1 },
    { minDelta: -1 },
    { checkpointSeconds: NaN },
    { learningRate: 0 },
    { learningRate: NaN },
    { warmupSteps: -1 },
    { schedule: 'step' },
    { epoch: 3 },
  ])('refuses %j', async (options) => {
    await expect(runTraining(new FakeTrainer(), examples, options as object)).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('train', () => {
  const baseWith = (trainer: FakeTrainer): BaseModel => ({
    info: {} as BaseModel['info'],
    newTrainer: () => trainer,
    close: () => undefined,
  });

  it('saves the adapter at the end and closes the trainer', async () => {
    const trainer = new FakeTrainer();
    const folder = mkdtempSync(join(tmpdir(), 'engram-run-'));
    const output = join(folder, 'a.gguf');
    await train(baseWith(trainer), examples, { output, optimizer: { learningRate: 0.5 } });
    rmSync(folder, { recursive: true });
    expect(trainer).toMatchObject({ saved: [output], closed: true });
    expect(new Set(trainer.rates)).toEqual(new Set([0.5]));
  });

  it('closes it also after a failure, and saves nothing', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = () => NaN;
    await expect(train(baseWith(trainer), examples, { output: '/tmp/a.gguf' })).rejects.toThrow(EngramError);
    expect(trainer).toMatchObject({ saved: [], closed: true });
  });
});
