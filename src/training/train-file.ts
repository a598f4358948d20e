// Trains an adapter on a file, as a run that can be gone on with: what `train` of the command line and of the API does. Not
// here: the loop (run.ts), what can be asked for (request.ts), where runs lie (runs.ts).
import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defined } from '../defined.js';
import { EngramError, fromSystemError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { fallbackOf, TRAINING } from '../options/index.js';
import { AdapterStore } from './adapters.js';
import { Checkpoints } from './checkpoints.js';
import { checkWhole } from './checks.js';
import { Classifier, evaluate, type ClassificationReport, type LabelledRow } from './classify/index.js';
import type { RowEncoder } from './encode-row.js';
import { RunLogs } from './logs/index.js';
import { largestBatch, MemoryBudget, type EstimateMemory } from './memory-budget.js';
import { MetricsFile } from './metrics-file.js';
import type { Precision } from './native.js';
import { resolveLora } from './options.js';
import { flatOptions, requireSame, resolveRequest, type FlatOptions, type Rows, type TrainRequest } from './request.js';
import type { RunResult } from './run-options.js';
import { isOver, RunStore, type RunRecord } from './runs.js';
import { trainAdapter } from './train-adapter.js';
import { readTrainData, type TrainData } from './train-data.js';
import type { BaseModel, Trainer } from './types.js';

/** What a training needs of the world. */
export interface TrainPlace {
  home: string;
  encoder: RowEncoder;
  /** Without a precision: held as is best on this machine. */
  base: (precision?: Precision) => Promise<BaseModel>;
  /** The base model as the user knows it, and the hash of its file. */
  model: { name: string; sha256: () => Promise<string> };
  memory: EstimateMemory;
}

export interface TrainReport extends RunResult {
  adapter: string;
  run: string;
  /** Of the run. */
  folder: string;
  rows: Rows;
  /** Of labels: how well those of the rows that were held out are predicted. Also in report.json of the run. */
  report?: ClassificationReport;
}

/** While a run is not done. */

/** What a run that goes on has not yet. */
const AGAIN = { status: 'running', endedAt: undefined, result: undefined, error: undefined } as const;

/** Throws `usage`, `exists` (an adapter of this name), `not_found`, `corrupt`, `empty`, `too_long`, `mismatch` (data, model or
 * options are not those that the run began with), `memory` (more than the limit), `locked` (another process trains it), `diverged`, `cancelled`, `disk`. */
export async function trainFile(place: TrainPlace, request: TrainRequest): Promise<TrainReport> {
  try {
    return await trainRun(place, request);
  } finally {
    for (const sink of request.sinks ?? []) await sink.close();
  }
}

/** Refuses at once what can be refused without a model: a name that is taken, a file that is not there, options that cannot be. Throws
 * as trainFile() does. */
export async function checkTrainRequest(home: string, request: TrainRequest): Promise<void> {
  const { began, options } = await begin(home, request);
  const files = [options.file, options.validation, options.test].filter((part) => typeof part === 'string');
  for (const path of files) {
    await access(path).catch((error: unknown) => {
      throw fromSystemError(error, path);
    });
  }
  // Which layers there are the model decides.
  const others = { ...options };
  delete others.layers;
  delete others.rankPattern;
  if (began === undefined) resolveRequest(others, { layers: 1, contextLength: Number.MAX_SAFE_INTEGER });
}

interface Beginning {
  began: RunRecord | undefined;
  options: FlatOptions & { file: string };
  adapter: string;
  /** Checkpoints beside the best. */
  keep: number;
}

async function begin(home: string, request: TrainRequest): Promise<Beginning> {
  const began = await findRun(new RunStore(home), request);
  const options = optionsOf(request, began);
  const adapter = request.adapter ?? began?.adapter ?? missing('adapter', 'the name of the new adapter');
  const keep = checkWhole('keepCheckpoints', request.keepCheckpoints ?? fallbackOf(TRAINING.keepCheckpoints), 1);
  await new AdapterStore(home).requireFree(adapter, began?.id);
  return { began, options, adapter, keep };
}

async function trainRun(place: TrainPlace, request: TrainRequest): Promise<TrainReport> {
  const runs = new RunStore(place.home);
  const store = new AdapterStore(place.home);
  const { began, options, adapter, keep } = await begin(place.home, request);
  const budget = new MemoryBudget(request.memory);
  budget.plan(place.memory, resolveLora({}, 1), 1); // a model that cannot fit is not loaded
  // The best on this machine is measured, and may come out otherwise another time.
  const base = await place.base(began?.precision);
  const model = { name: place.model.name, sha256: await place.model.sha256() };
  const settings = resolveRequest(options, base.info);
  if (began !== undefined) {
    requireSameTask(began, adapter, model);
    requireSame(began.id, resolveRequest(began.request, base.info), settings);
  }
  const data = await readTrainData(place.encoder, options, began?.settings ?? settings, request.signal);
  const fingerprint = hashOf([began?.settings ?? settings, model.sha256, data.digest]);
  if (began !== undefined) requireSameData(began, data, fingerprint);
  if (data.typed !== undefined) request.onEvent?.({ type: 'typed_signs', ...data.typed });
  const { lora, run } = began?.settings ?? settings;
  const tokens = largestBatch(data.train, run);
  const memory = budget.plan(place.memory, resolveLora(lora, base.info.layers), tokens, base.info.precision);
  request.onEvent?.({ type: 'memory', ...memory });
  return runs.aloneWith(adapter, request.signal, async (held) => {
    await store.requireFree(adapter, began?.id); // whoever trained it meanwhile is done
    const record: RunRecord = began ?? {
      ...{ format: 1, id: await runs.newId(adapter), adapter, createdAt: new Date().toISOString(), status: 'running' },
      ...{ model, precision: base.info.precision, data: data.files, request: options, settings, fingerprint },
    };
    const folder = runs.folderOf(record.id);
    return runs.alone(record.id, held, async (signal) => {
      const open = { ...record, ...AGAIN };
      await runs.write(open);
      try {
        const { kernels } = base.info;
        const checkpoints = new Checkpoints(join(folder, 'checkpoints'), record.fingerprint, keep, kernels);
        const { result: measured, report } = await train(
          base,
          place.encoder,
          { store, folder, record, data, memoryLimit: budget.forTraining, checkpoints },
          { ...request, signal },
        );
        const keeps = request.keepCheckpoints !== undefined;
        const result = keeps
          ? measured
          : { ...measured, best: measured.best && { ...measured.best, checkpoint: null } };
        await runs.write({ ...open, status: 'done', endedAt: new Date().toISOString(), result });
        // The adapter is stored, and they are several times as large. What cannot be deleted now goes with `runs rm`.
        if (!keeps) await checkpoints.drop().catch(() => undefined);
        return { adapter, run: record.id, folder, rows: data.rows, ...result, ...defined({ report }) };
      } catch (error) {
        const ended = { ...open, ...ending(error), endedAt: new Date().toISOString() };
        await runs.write(ended).catch(() => undefined); // a full disk is what the error itself says
        throw withWayOn(error, record.id);
      }
    });
  });
}

async function findRun(runs: RunStore, { resume }: TrainRequest): Promise<RunRecord | undefined> {
  if (resume === undefined || resume === false) return undefined;
  const { record } = resume === true ? await runs.latestUnfinished() : await runs.find(resume);
  if (!isOver(record)) return record;
  const [why, hint] =
    record.status === 'done'
      ? ['is done', `Its adapter is "${record.adapter}".`]
      : ['diverged, and would again', 'Start a new run with a lower learning rate.'];
  throw new EngramError('usage', `The run "${record.id}" ${why}.`, { hint });
}

/** The options of the request over those that the run began with. */
function optionsOf(request: TrainRequest, began: RunRecord | undefined): FlatOptions & { file: string } {
  const { validation, test } = request;
  const part = <T>(given: T): T => (typeof given === 'string' ? (resolve(given) as T) : given);
  const given = defined({ ...flatOptions(request), validation: part(validation), test: part(test) });
  const file = part(request.file) ?? began?.request.file ?? missing('file', 'a file to learn from');
  return { ...began?.request, ...given, file };
}

function missing(name: string, what: string): never {
  throw new EngramError('usage', `Expected ${what} for ${name} but received nothing.`);
}

function requireSameTask(began: RunRecord, adapter: string, model: RunRecord['model']): void {
  if (model.sha256 !== began.model.sha256) {
    throw new EngramError('mismatch', `The run "${began.id}" trains another model: ${began.model.name}.`, {
      hint: `Go on with --model ${began.model.name}; if that file has changed, start a new run.`,
      details: { began: began.model, now: model },
    });
  }
  if (adapter !== began.adapter) {
    throw new EngramError('mismatch', `The run "${began.id}" trains the adapter "${began.adapter}", not "${adapter}".`);
  }
}

function requireSameData(began: RunRecord, { files }: TrainData, fingerprint: string): void {
  for (const part of ['train', 'validation', 'test'] as const) {
    if (began.data[part]?.sha256 === files[part]?.sha256) continue;
    const path = files[part]?.path ?? began.data[part]?.path ?? part;
    throw new EngramError('mismatch', `The data has changed since the run "${began.id}" began: ${path}.`, {
      hint: 'Put the file back as it was, or start a new run.',
      details: { began: began.data[part], now: files[part] },
    });
  }
  if (began.fingerprint === fingerprint) return;
  throw new EngramError('mismatch', `The data gives other examples than when the run "${began.id}" began.`, {
    hint: 'The tokenizer or the chat template has changed. Start a new run.',
  });
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** Trains from the start or from the last checkpoint. */
async function train(
  base: BaseModel,
  encoder: RowEncoder,
  place: {
    store: AdapterStore;
    folder: string;
    record: RunRecord;
    data: TrainData;
    memoryLimit: number | undefined;
    checkpoints: Checkpoints;
  },
  request: TrainRequest,
): Promise<{ result: RunResult; report: ClassificationReport | undefined }> {
  const { store, folder, record, data, memoryLimit, checkpoints } = place;
  const { lora, optimizer, run } = record.settings;
  const { sinks = [], onEvent, onProgress, control, signal } = request;
  const resume = await checkpoints.latest();
  const metricsFile = await MetricsFile.open(join(folder, 'metrics.jsonl'), resume?.state.metricsBytes);
  const logs = new RunLogs(folder, resume?.state.step ?? 0);
  let report: ClassificationReport | undefined;
  try {
    onEvent?.({ type: 'started', run: record.id, folder, rows: data.rows, step: resume?.state.step ?? 0 });
    const { kernels: now } = base.info;
    const before = resume?.kernels ?? now;
    if (before !== now) onEvent?.({ type: 'kernels_changed', before, now });
    const { result } = await trainAdapter(base, data.train, {
      ...{ store, name: record.adapter, runId: record.id },
      ...{ baseName: record.model.name, baseSha256: record.model.sha256 },
      ...{ lora, optimizer, memoryLimit, ...run, validation: data.validation, test: data.test },
      ...{ checkpoints, resume, metricsFile, onEvent, onProgress, control, signal },
      ...defined({
        ...{ checkpointSteps: request.checkpointSteps, checkpointSeconds: request.checkpointSeconds },
      }),
      sinks: [...sinks, logs],
      ...defined({ task: data.labelled?.task }),
      beforeSave: async (trainer) => {
        if (data.labelled === undefined || data.labelled.measured.length === 0) return;
        const classifier = new Classifier(data.labelled.task, encoder, base.info.contextLength);
        report = await measure(classifier, trainer, data.labelled.measured, request);
        await writeFileAtomic(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
      },
    });
    return { result, report };
  } finally {
    await metricsFile.close();
    await logs.close();
  }
}

function measure(
  classifier: Classifier,
  trainer: Trainer,
  rows: readonly LabelledRow[],
  { onEvent, signal }: TrainRequest,
): Promise<ClassificationReport> {
  const onProgress = (progress: { done: number; of: number }): void => onEvent?.({ type: 'classified', ...progress });
  return evaluate(classifier, trainer, rows, { signal, onProgress });
}

function ending(error: unknown): Pick<RunRecord, 'status' | 'error'> {
  const code = error instanceof EngramError ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  return { status: code === 'cancelled' || code === 'diverged' ? code : 'failed', error: { code, message } };
}

/** A cancelled run says how to go on. */
function withWayOn(error: unknown, id: string): unknown {
  if (!(error instanceof EngramError) || error.code !== 'cancelled') return error;
  return new EngramError('cancelled', error.message, {
    hint: `Go on with: engram train --resume ${id}`,
    cause: error,
    details: { ...error.details, run: id },
  });
}
