import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AdapterStore,
  RunStore,
  checkTrainRequest,
  trainFile,
  type BaseModel,
  type MetricsRecord,
  type TrainEvent,
  type TrainPlace,
  type TrainReport,
  type TrainRequest,
} from '../../../src/training/index.js';
import { FakeTrainer } from '../../fakes/trainer.js';
import { characterEncoder } from './encoder.js';
import { HEADS } from './fixtures.js';
import type { MemoryNeed } from '../../../src/training/native.js';

let home: string;
let file: string;
let trainer: FakeTrainer;
let place: TrainPlace;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-train-file-'));
  file = join(home, 'rows.jsonl');
  writeRows(10);
  place = placeOf('ab'.repeat(32));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

function writeRows(count: number): void {
  const rows = Array.from({ length: count }, (_, i) => JSON.stringify({ text: 'x'.repeat(i + 2) }));
  writeFileSync(file, rows.join('\n'));
}

const matching = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

/** A world whose trainer is a new fake, kept in `trainer`. */
function placeOf(sha256: string, lossAt = (updates: number) => 4 / (1 + updates), kernels = 'avx2 f16'): TrainPlace {
  const precision = 'f16';
  const info = {
    architecture: 'llama',
    layers: 3,
    vocabularySize: 500,
    contextLength: 64,
    precision,
    kernels,
    ...HEADS,
  };
  const base = {
    info: info as BaseModel['info'],
    newTrainer: () => (trainer = Object.assign(new FakeTrainer(), { lossAt })),
    close: () => undefined,
  };
  const model = { name: 'tiny', sha256: () => Promise.resolve(sha256) };
  const memory = ({ tokens }: { tokens: number }): MemoryNeed => {
    return { model: 1e6, adapter: 1e5, least: 2e6 + 100 * tokens, most: 2e6 + 300 * tokens };
  };
  return { home, encoder: characterEncoder(), base: () => Promise.resolve(base), model, memory };
}

const request = (changes: TrainRequest = {}): TrainRequest => ({
  file,
  adapter: 'law',
  epochs: 2,
  batchSize: 2,
  ...changes,
});
const train = (changes?: TrainRequest) => trainFile(place, request(changes));

/** Begins a run and cancels it after a step. */
async function cut(changes: TrainRequest = {}): Promise<string> {
  const abort = new AbortController();
  let run = '';
  const onEvent = (event: TrainEvent): void => {
    if (event.type === 'started') run = event.run;
    if (event.type === 'metrics') abort.abort();
  };
  const running = train({ onEvent, signal: abort.signal, ...changes });
  await expect(running).rejects.toMatchObject({ code: 'cancelled', details: { step: 1 } });
  return run;
}

describe('checkTrainRequest', () => {
  it('refuses without a model what can be refused so', async () => {
    await train();
    const check = (changes: TrainRequest = {}) => checkTrainRequest(home, request({ adapter: 'new', ...changes }));
    await expect(check({ layers: [-8, -1], rankPattern: { '10-29.v': 4 } })).resolves.toBeUndefined();
    await expect(check({ adapter: 'law' })).rejects.toMatchObject({ code: 'exists' });
    await expect(check({ file: 'gone.jsonl' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(check({ validation: 'gone.jsonl' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(check({ epochs: -1 })).rejects.toMatchObject({ code: 'usage' });
    await expect(check({ keepCheckpoints: 0 })).rejects.toMatchObject({ code: 'usage' });
    await expect(check({ resume: true })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('trainFile, with a memory limit', () => {
  it('says before the start what it will take', async () => {
    const events: TrainEvent[] = [];
    await train({ memory: 100e9, onEvent: (event) => void events.push(event) });
    expect(events[0]).toMatchObject({ type: 'memory', limit: 100e9 });
    expect(events[1]).toMatchObject({ type: 'started' });
  });

  it('refuses what cannot fit, before anything is made', async () => {
    await expect(train({ memory: 1e6 })).rejects.toMatchObject({ code: 'memory', details: { limit: 1e6, model: 1e6 } });
    await expect(train({ memory: -1 })).rejects.toMatchObject({ code: 'usage' });
    expect(existsSync(join(home, 'runs'))).toBe(false);
  });
});

describe('trainFile', () => {
  it('stores the adapter, and what it did in the folder of the run', async () => {
    const { run, folder, result } = await train({ validation: 0.2, test: 0.1 }).then((report) => ({
      ...report,
      result: report,
    }));
    expect(result.rows).toEqual({ train: 7, validation: 2, test: 1 });
    expect(result.test).not.toBeNull();
    expect((await new AdapterStore(home).find('law')).manifest.losses).toHaveLength(2);

    const { record, resumable } = await new RunStore(home).find(run);
    expect(record).toMatchObject({
      status: 'done',
      adapter: 'law',
      request: { file, validation: 0.2 },
      result: { steps: 8 },
    });
    expect(resumable).toBe(false);
    const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const metrics = lines.map((line) => JSON.parse(line) as MetricsRecord);
    expect(metrics.filter(({ kind }) => kind === 'step')).toHaveLength(8);
    expect(metrics.filter(({ kind }) => kind === 'evaluation').map(({ split, epoch }) => [split, epoch])).toEqual([
      ...[
        ['validation', 1],
        ['train', 1],
        ['validation', 2],
        ['train', 2],
        ['test', 2],
      ],
    ]);
  });

  it('hands every record to the sinks, and closes them', async () => {
    const records: MetricsRecord[] = [];
    let closed = 0;
    const sink = {
      write: (record: MetricsRecord) => void records.push(record),
      close: () => Promise.resolve(void (closed += 1)),
    };
    const { folder } = await train({ sinks: [sink] });
    const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(records).toEqual(lines.map((line) => JSON.parse(line) as unknown));
    await expect(train({ sinks: [sink] })).rejects.toMatchObject({ code: 'exists' });
    expect(closed).toBe(2);
  });

  it('measures on files of their own', async () => {
    const [validation, test] = [join(home, 'v.jsonl'), join(home, 't.txt')];
    writeFileSync(validation, '{"text":"abc"}');
    writeFileSync(test, '{"text":"abcd"}\n{"text":"abcde"}');
    const { rows, run } = await train({ validation, test });
    expect(rows).toEqual({ train: 10, validation: 1, test: 2 });
    expect((await new RunStore(home).find(run)).record.data).toMatchObject({ validation: { path: validation } });
  });

  it('says in which file a line is wrong', async () => {
    const validation = join(home, 'held.jsonl');
    writeFileSync(validation, '{"text":"abc"}\n{"text":');
    await expect(train({ validation })).rejects.toMatchObject({
      code: 'corrupt',
      message: `${validation}: Line 2: This is not JSON.`,
      details: { line: 2, file: validation },
    });
  });

  it('learns from a text, whose pieces are split as rows', async () => {
    const text = join(home, 'book.txt');
    writeFileSync(text, 'abcdefgh'.repeat(20));
    const { rows } = await train({ file: text, length: 17, validation: 0.2 });
    expect(rows).toEqual({ train: 8, validation: 2, test: 0 });
    expect(trainer.examples.every(({ tokens }) => tokens.length <= 17)).toBe(true);
  });

  it('validates on a tenth where it is to stop early', async () => {
    expect((await train({ patience: 1 })).rows).toMatchObject({ train: 9, validation: 1 });
  });

  it('splits by rows: no piece of a text is measured while another is learned', async () => {
    const rows = Array.from({ length: 6 }, (_, i) => JSON.stringify({ text: String.fromCharCode(97 + i).repeat(50) }));
    writeFileSync(file, rows.join('\n'));
    await train({ length: 10, validation: 0.4 });
    const lettersOf = (batches: { example: number }[][]): Set<number> =>
      new Set(batches.flat().map(({ example }) => trainer.examples[example]!.tokens[0]!));
    const [learned, measured] = [lettersOf(trainer.backwards), lettersOf(trainer.evaluated)];
    expect(measured.size).toBe(2);
    for (const letter of measured) expect(learned.has(letter)).toBe(false);
  });

  it.each([
    [{ file: undefined }, 'file'],
    [{ adapter: undefined }, 'adapter'],
    [{ validation: 1 }, 'validation'],
    [{ length: 100 }, 'length'],
    [{ keepCheckpoints: 0 }, 'keepCheckpoints'],
    [{ epoch: 3 }, 'epoch'],
  ])('refuses %j', async (changes, name) => {
    await expect(train(changes as object)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(name) as string,
    });
  });
});

describe('two trainings of one name', () => {
  it('do not both train: the second begins when the first has ended, and finds the name taken', async () => {
    let trainers = 0;
    const { base } = place;
    place = {
      ...place,
      base: async () => {
        const opened = await base();
        const newTrainer: BaseModel['newTrainer'] = (...options) => {
          trainers++;
          return opened.newTrainer(...options);
        };
        return { ...opened, newTrainer };
      },
    };
    const ends = await Promise.allSettled([train(), train()]);
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'exists' } });
    expect(trainers).toBe(1);
    expect(await new RunStore(home).list()).toHaveLength(1);
  });
});

describe('the checkpoints of a run', () => {
  const checkpointsOf = (folder: string): string[] => {
    const path = join(folder, 'checkpoints');
    return existsSync(path) ? readdirSync(path) : [];
  };

  it('are there while it can be gone on with, and gone when it is done', async () => {
    const cutOff = await cut({ validation: 0.2 });
    expect(checkpointsOf(join(home, 'runs', cutOff))).toEqual(['step-00000001']);
    const { folder, best } = await trainFile(place, { resume: cutOff });
    expect(best).toMatchObject({ step: 8, checkpoint: null });
    expect(readdirSync(folder).sort()).toEqual(['loss.svg', 'metrics.jsonl', 'run.json', 'tensorboard']);
  });

  it('stay when it is done, as many as were asked for', async () => {
    const { folder, best } = await train({ checkpointSteps: 1, keepCheckpoints: 3, validation: 0.2 });
    expect(checkpointsOf(folder).sort().slice(-3)).toEqual(['step-00000006', 'step-00000007', 'step-00000008']);
    expect(best).toMatchObject({ checkpoint: 'step-00000008' });
  });

  it('stay when it diverged: the last one that is sound is named', async () => {
    place = placeOf('ab'.repeat(32), (updates) => (updates < 3 ? 2 : NaN));
    await expect(train({ checkpointSteps: 1 })).rejects.toMatchObject({ code: 'diverged' });
    const [run] = await new RunStore(home).list();
    expect(checkpointsOf(run!.folder)).toContain('step-00000002');
  });
});

describe('a run that was cut off', () => {
  it('is marked so, and says how to go on', async () => {
    const abort = new AbortController();
    const running = train({
      signal: abort.signal,
      onProgress: () => {
        abort.abort();
      },
    });
    const error = await running.catch((thrown: unknown) => thrown as { hint: string });
    const [run] = await new RunStore(home).list();
    expect(run).toMatchObject({ record: { status: 'cancelled', error: { code: 'cancelled' } }, resumable: true });
    expect(error).toMatchObject({ hint: `Go on with: engram train --resume ${run!.record.id}` });
  });

  it('goes on from where it was, by its id or as the latest, with the options it began with', async () => {
    for (const how of ['id', 'latest']) {
      const run = await cut({ adapter: how });
      const steps: number[] = [];
      const report = await trainFile(place, {
        resume: how === 'id' ? run : true,
        onProgress: ({ step }) => steps.push(step),
      });
      expect(report).toMatchObject({ adapter: how, run, steps: 10 });
      expect(steps).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect((await new RunStore(home).find(run)).record).toMatchObject({ status: 'done' });
    }
  });

  describe('killed when its adapter was stored and it was not yet marked as done', () => {
    const kill = async (): Promise<TrainReport> => {
      const report = await train({ keepCheckpoints: 2 });
      const runs = new RunStore(home);
      const { record } = await runs.find(report.run);
      await runs.write({ ...record, status: 'running', endedAt: undefined, result: undefined });
      return report;
    };

    it('finds its own adapter, and is done', async () => {
      const killed = await kill();
      const { run } = killed;
      const steps: number[] = [];
      const onProgress = ({ step }: { step: number }): void => void steps.push(step);
      await checkTrainRequest(home, { resume: run });
      const report = await trainFile(place, { resume: run, keepCheckpoints: 2, onProgress });
      expect(report).toEqual({ ...killed, seconds: report.seconds });
      expect(steps).toEqual([]);
      expect((await new RunStore(home).find(run)).record.status).toBe('done');
      expect((await new AdapterStore(home).find('law')).manifest.run).toBe(run);
    });

    it('does not touch an adapter that something else made, or that was taught further', async () => {
      const { run } = await kill();
      const store = new AdapterStore(home);
      const { manifest } = await store.find('law');
      const write = (path: string): Promise<void> => writeFile(path, 'weights');
      for (const change of [{ run: `${run}-2` }, { fineTune: { learningRate: 1e-3, steps: 1 } }]) {
        await store.save('law', { ...manifest, ...change }, write, { replace: true });
        await expect(checkTrainRequest(home, { resume: run })).rejects.toMatchObject({ code: 'exists' });
        await expect(trainFile(place, { resume: run })).rejects.toMatchObject({ code: 'exists' });
      }
    });
  });

  it('holds the weights as before, and says so where other kernels compute with them', async () => {
    const resume = await cut();
    const events: TrainEvent[] = [];
    const asked: unknown[] = [];
    const other = placeOf('ab'.repeat(32), undefined, 'neon f16');
    const base: TrainPlace['base'] = (precision) => {
      asked.push(precision);
      return other.base(precision);
    };
    await trainFile({ ...other, base }, { resume, onEvent: (event) => void events.push(event) });
    expect(asked).toEqual(['f16']);
    expect(events.filter(({ type }) => type === 'kernels_changed')).toEqual([
      { type: 'kernels_changed', before: 'avx2 f16', now: 'neon f16' },
    ]);
  });

  it('says nothing of kernels where they are the same', async () => {
    const resume = await cut();
    const types: string[] = [];
    await trainFile(place, { resume, onEvent: ({ type }) => void types.push(type) });
    expect(types).toContain('started');
    expect(types).not.toContain('kernels_changed');
  });

  it('does not go on with other options, but with other ways to keep checkpoints', async () => {
    const resume = await cut({ validation: 0.2 });
    const mismatch = (what: string): object => ({
      code: 'mismatch',
      message: expect.stringContaining(what) as string,
    });
    await expect(trainFile(place, { resume, epochs: 3 })).rejects.toMatchObject(mismatch('epochs was 2 and is 3'));
    await expect(trainFile(place, { resume, learningRate: 1 })).rejects.toMatchObject(mismatch('learningRate'));
    await expect(trainFile(place, { resume, adapter: 'other' })).rejects.toMatchObject(mismatch('"other"'));
    const same = { resume, file, epochs: 2, checkpointSteps: 1, keepCheckpoints: 5 };
    expect(await trainFile(place, same)).toMatchObject({ steps: 8 });
  });

  it('does not go on with other data or another model', async () => {
    const resume = await cut();
    place = placeOf('cd'.repeat(32));
    await expect(trainFile(place, { resume })).rejects.toMatchObject({
      code: 'mismatch',
      hint: matching(/--model tiny/),
    });
    place = placeOf('ab'.repeat(32));
    writeRows(11);
    await expect(trainFile(place, { resume })).rejects.toMatchObject({
      code: 'mismatch',
      message: matching(/data has changed/),
    });
    writeRows(10);
    place = { ...place, encoder: characterEncoder(3) };
    await expect(trainFile(place, { resume })).rejects.toMatchObject({
      code: 'mismatch',
      message: matching(/other examples/),
    });
    place = placeOf('ab'.repeat(32));
    expect(await trainFile(place, { resume })).toMatchObject({ steps: 10 });
  });

  it('that is done, unknown or never was is refused', async () => {
    await expect(trainFile(place, { resume: true })).rejects.toMatchObject({ code: 'not_found' });
    const { run } = await train();
    await expect(trainFile(place, { resume: run })).rejects.toMatchObject({
      code: 'usage',
      message: matching(/is done/),
    });
    await expect(trainFile(place, { resume: `${run}0` })).rejects.toMatchObject({
      code: 'not_found',
      hint: matching(/Did you/),
    });
    await expect(trainFile(place, { resume: true })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is deleted on request, but not while it is trained', async () => {
    const runs = new RunStore(home);
    let removing: Promise<void> | undefined;
    const { run } = await train({
      onEvent: (event) => {
        if (event.type !== 'started') return;
        removing = runs.list().then(([active]) => {
          expect(active).toMatchObject({ active: true, resumable: false });
        });
      },
    });
    await removing;
    await runs.remove(run);
    expect(await runs.list()).toEqual([]);
    expect((await new AdapterStore(home).list()).adapters).toHaveLength(1);
  });

  it('that diverged is not gone on with', async () => {
    place = placeOf('ab'.repeat(32), (updates) => (updates < 3 ? 2 : NaN));
    await expect(train({ checkpointSteps: 1 })).rejects.toMatchObject({
      code: 'diverged',
      details: { step: 4, checkpoint: matching(/step-00000002$/) },
    });
    const [run] = await new RunStore(home).list();
    expect(run).toMatchObject({ record: { status: 'diverged' }, resumable: false });
    await expect(trainFile(place, { resume: run!.record.id })).rejects.toMatchObject({
      code: 'usage',
      message: matching(/diverged/),
    });
  });
});
