// Runs over the real addon on a tiny model: cut off, killed, paused, and gone on with, they give the adapter of an unbroken run
// to the bit, whatever the number of threads.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Checkpoints,
  MetricsFile,
  openBaseModel,
  RunControl,
  runTraining,
  type Example,
  type LoraOptions,
  type MetricsRecord,
  type RunEvent,
  type RunOptions,
  type RunResult,
} from '../../src/training/index.js';
import { sequence, TINY } from './tiny.js';

/** Of different lengths, so that batches are uneven. */
const EXAMPLES: Example[] = [12, 30, 7, 21, 16, 25, 9].map((length, i) => sequence(length, 3 * i));
const VALIDATION = [sequence(18, 50), sequence(11, 60)];
const LORA: LoraOptions = { rank: 4, seed: 5, dropout: 0.2 };
const OPTIONS: RunOptions = {
  ...{ epochs: 4, batchSize: 2, accumulate: 2, seed: 3, learningRate: 1e-2 },
  ...{ schedule: 'cosine', warmupSteps: 2, validation: VALIDATION },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-runs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Place {
  name: string;
  threads?: number;
  lora?: LoraOptions;
  /** Default f32. */
  precision?: 'f32' | 'best';
}

interface Ran {
  result: RunResult;
  /** The adapter's file. */
  adapter: Buffer;
  /** Without what depends on time. */
  metrics: MetricsRecord[];
}

/** Trains in a folder of this name, going on from the checkpoint there if there is one. */
async function run(
  { name, threads = 2, lora = LORA, precision = 'f32' }: Place,
  options: RunOptions = {},
): Promise<Ran> {
  const base = await openBaseModel(TINY, { threads, ...(precision === 'best' ? {} : { precision }) });
  const trainer = base.newTrainer(lora);
  const place = join(folder, name);
  const checkpoints = new Checkpoints(join(place, 'checkpoints'), 'same', 2);
  const resume = await checkpoints.latest();
  const metricsFile = await MetricsFile.open(join(place, 'metrics.jsonl'), resume?.state.metricsBytes);
  try {
    const result = await runTraining(trainer, EXAMPLES, { ...OPTIONS, checkpoints, resume, metricsFile, ...options });
    await trainer.save(join(place, 'adapter.gguf'));
    const metrics = readFileSync(metricsFile.path, 'utf8').trim().split('\n');
    return { result, adapter: readFileSync(join(place, 'adapter.gguf')), metrics: metrics.map(withoutTime) };
  } finally {
    await metricsFile.close();
    trainer.close();
    base.close();
  }
}

function withoutTime(line: string): MetricsRecord {
  const record = JSON.parse(line) as MetricsRecord;
  return { ...record, timeMs: 0, tokensPerSecond: 0 };
}

/** Options that cancel a run at the n-th event of a kind. */
function cancelAt(type: RunEvent['type'], n: number): RunOptions {
  const abort = new AbortController();
  let left = n;
  return {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type === type && --left === 0) abort.abort();
    },
  };
}

const cancelled = expect.objectContaining({ code: 'cancelled' }) as Error;

describe('a run', () => {
  it.each(['f32', 'best'] as const)('gives the same bytes with one thread and with two (%s)', async (precision) => {
    const one = await run({ name: 'one', threads: 1, precision });
    const two = await run({ name: 'two', threads: 2, precision });
    expect(one.adapter.equals(two.adapter)).toBe(true);
    expect(one.metrics).toEqual(two.metrics);
    expect(one.result.epochs).toEqual(two.result.epochs);
  });

  it('gives other bytes with another seed', async () => {
    const [one, two] = [await run({ name: 'one' }), await run({ name: 'two' }, { seed: 4 })];
    expect(one.adapter.equals(two.adapter)).toBe(false);
  });

  it.each([
    ['of the whole adapter', LORA, 'f32'],
    ['of the upper layers, whose inputs are kept', { ...LORA, layers: [1, 2] as const }, 'f32'],
    ['of the upper layers in the precision of this CPU', { ...LORA, layers: [1, 2] as const }, 'best'],
  ] as const)('%s that is cancelled at any record goes on to the same bytes', async (_, lora, precision) => {
    const unbroken = await run({ name: 'unbroken', lora, precision });
    for (const at of [1, 2, 3, 7]) {
      const name = `cut-${at}`;
      await expect(run({ name, lora, precision }, cancelAt('metrics', at))).rejects.toEqual(cancelled);
      await expect(run({ name, lora, precision, threads: 1 }, cancelAt('metrics', 2))).rejects.toEqual(cancelled);
      const { adapter, metrics, result } = await run({ name, lora, precision });
      expect(adapter.equals(unbroken.adapter), `cut at record ${at}`).toBe(true);
      expect(metrics).toEqual(unbroken.metrics);
      expect(result).toMatchObject({ epochs: unbroken.result.epochs, sumLoss: unbroken.result.sumLoss });
    }
  });

  it('that is cancelled while it writes a checkpoint goes on to the same bytes', async () => {
    const unbroken = await run({ name: 'unbroken' });
    await expect(run({ name: 'cut' }, { checkpointSteps: 1, ...cancelAt('checkpoint', 3) })).rejects.toEqual(cancelled);
    expect((await run({ name: 'cut' })).adapter.equals(unbroken.adapter)).toBe(true);
  });

  it('pauses with a checkpoint, and goes on', async () => {
    const unbroken = await run({ name: 'unbroken' });
    const control = new RunControl();
    const seen: string[] = [];
    const paused = await run(
      { name: 'paused' },
      {
        control,
        onEvent: ({ type, ...event }) => {
          if (type === 'metrics' && seen.length === 0) control.pause();
          if (type !== 'metrics') seen.push(type);
          if (type !== 'paused') return;
          expect(readdirSync(join(folder, 'paused', 'checkpoints'))).toContain('step-00000001');
          expect(event).toEqual({ step: 1 });
          setTimeout(() => {
            control.resume();
          }, 300);
        },
      },
    );
    expect(seen.slice(0, 3)).toEqual(['checkpoint', 'paused', 'resumed']);
    expect(paused.adapter.equals(unbroken.adapter)).toBe(true);
  });

  it('is cancelled while it is paused', async () => {
    const control = new RunControl();
    control.pause();
    const running = run({ name: 'paused' }, { control, ...cancelAt('paused', 1) });
    await expect(running).rejects.toEqual(cancelled);
    expect((await run({ name: 'paused' })).result.steps).toBe(8);
  });

  it('stops early, and leaves the adapter with the lowest validation loss', async () => {
    // What is validated is another matter than what is learned, so that learning soon makes it worse.
    const options = { epochs: 60, patience: 2, learningRate: 5e-2, validation: [sequence(18, 50)], test: EXAMPLES };
    const { result, adapter, metrics } = await run({ name: 'early' }, options);
    const losses = result.epochs.map((epoch) => epoch.validation!);
    const best = losses.indexOf(Math.min(...losses));
    expect(result).toMatchObject({ stoppedEarly: true, best: { epoch: best + 1, loss: losses[best] } });
    expect(losses).toHaveLength(best + 3);
    expect(result.epochs.length).toBeLessThan(60);

    const { checkpoint } = result.best!;
    const kept = readFileSync(join(folder, 'early', 'checkpoints', checkpoint!, 'adapter.gguf'));
    expect(adapter.equals(kept)).toBe(true);
    expect(metrics.at(-1)).toMatchObject({ split: 'test', step: result.best!.step, ...result.test });

    // The same, cut off after the best was found.
    const cut = run({ name: 'cut' }, { ...options, ...cancelAt('metrics', 2 * best + 9) });
    await expect(cut).rejects.toEqual(cancelled);
    expect((await run({ name: 'cut' }, options)).adapter.equals(adapter)).toBe(true);
  });

  it('that diverges leaves the last good checkpoint', async () => {
    const base = await openBaseModel(TINY, { precision: 'f32', threads: 2 });
    const trainer = base.newTrainer({ ...LORA, dropout: 0 }, { maxGradNorm: 0, kind: 'sgd' });
    const checkpoints = new Checkpoints(join(folder, 'checkpoints'), 'same', 3);
    const options = { ...OPTIONS, validation: [], warmupSteps: 0, schedule: 'constant' as const, epochs: 50 };
    const running = runTraining(trainer, EXAMPLES, {
      ...{ ...options, learningRate: 300, checkpoints, checkpointSteps: 1, maxLoss: 2 * Math.log(128) },
    });
    const error = await running.catch((thrown: unknown) => thrown as Record<string, unknown>);
    expect(error).toMatchObject({ code: 'diverged' });
    const good = await checkpoints.latest();
    trainer.close();
    if (good === undefined) throw new Error(JSON.stringify(error));
    expect(error).toMatchObject({ details: { checkpoint: good.path } });
    // It is usable: the loss with it is no worse than that of a model that guesses.
    const sound = base.newTrainer({ ...LORA, dropout: 0 }, { kind: 'sgd' });
    await checkpoints.load(sound, good.name);
    sound.add(EXAMPLES[1]!);
    const { examples } = await sound.evaluate([{ example: 0 }]);
    expect(examples[0]!.sumLoss / examples[0]!.sumWeights).toBeLessThan(2 * Math.log(128));
    sound.close();
    base.close();
  });
});

describe('checkpoints', () => {
  it('keep the last ones and the best', async () => {
    const options = { checkpointSteps: 1, epochs: 20, learningRate: 5e-2, validation: [sequence(18, 50)] };
    const { result } = await run({ name: 'many' }, options);
    const names = readdirSync(join(folder, 'many', 'checkpoints')).sort();
    expect(names.slice(-2)).toEqual(['step-00000039', 'step-00000040']);
    expect(names).toContain(result.best!.checkpoint);
    expect(names.length).toBeLessThanOrEqual(4);
  });

  it('that are damaged are passed over for the one before', async () => {
    const unbroken = await run({ name: 'unbroken' }, { validation: [] });
    const cut = run({ name: 'cut' }, { checkpointSteps: 1, validation: [], ...cancelAt('metrics', 6) });
    await expect(cut).rejects.toEqual(cancelled);
    const place = join(folder, 'cut', 'checkpoints');
    const last = readdirSync(place).sort().at(-1)!;
    const file = join(place, last, 'optimizer.gguf');
    writeFileSync(file, readFileSync(file).subarray(0, -100));
    const checkpoints = new Checkpoints(place, 'same', 2);
    expect((await checkpoints.latest())?.name).not.toBe(last);
    await expect(new Checkpoints(place, 'other', 2).latest()).rejects.toMatchObject({ code: 'mismatch' });
    expect((await run({ name: 'cut' }, { validation: [] })).adapter.equals(unbroken.adapter)).toBe(true);
  });
});

/** Trains as run() does, in a process of its own, from the built code. Prints a line when it begins. */
const CHILD = `
const [place, library] = process.argv.slice(1);
const { Checkpoints, MetricsFile, openBaseModel, runTraining } = await import(library);
const base = await openBaseModel(${JSON.stringify(TINY)}, { precision: 'f32', threads: 2 });
const trainer = base.newTrainer(${JSON.stringify(LORA)});
const checkpoints = new Checkpoints(place + '/checkpoints', 'same', 2);
const resume = await checkpoints.latest();
const metricsFile = await MetricsFile.open(place + '/metrics.jsonl', resume?.state.metricsBytes);
console.log('begins');
await runTraining(trainer, ${JSON.stringify(EXAMPLES)}, {
  ...${JSON.stringify({ ...OPTIONS, epochs: 30 })}, checkpoints, resume, metricsFile, checkpointSteps: 3,
});
await trainer.save(place + '/adapter.gguf');
`;
const LIBRARY = pathToFileURL(join(import.meta.dirname, '../../dist/training/index.js')).href;

/** Kills the process so many milliseconds after it began; false if it had ended by then. */
function killed(place: string, afterMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, place, LIBRARY]);
    let errors = '';
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    child.stdout.once('data', () => {
      setTimeout(() => child.kill('SIGKILL'), afterMs);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal === null && code !== 0) reject(new Error(errors));
      else resolve(signal === 'SIGKILL');
    });
  });
}

describe.skipIf(process.platform === 'win32')('a run whose process is killed', () => {
  it('goes on to the same bytes, however often', async () => {
    const { adapter, metrics } = await run({ name: 'unbroken' }, { epochs: 30 });
    const place = join(folder, 'killed');
    let kills = 0;
    while (kills < 6 && (await killed(place, Math.random() * 250))) kills++;
    expect(kills).toBeGreaterThan(0);
    const ended = await run({ name: 'killed' }, { epochs: 30 });
    expect(ended.adapter.equals(adapter), `after ${kills} kills`).toBe(true);
    expect(ended.metrics).toEqual(metrics);
    expect(existsSync(join(place, 'checkpoints'))).toBe(true);
    expect(readdirSync(join(place, 'checkpoints')).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
