// What a training from a file can be asked for, as flat options, and the settings that follow from them with all defaults filled
// in. Not here: doing it (train-file.ts).
import { extname } from 'node:path';
import { checkKeys } from '../config.js';
import { defined } from '../defined.js';
import { EngramError } from '../errors.js';
import { fallbackOf, TRAINING, type Exact, type Training } from '../options/index.js';
import { checkOneOf, checkShare, checkWhole } from './checks.js';
import type { RunControl } from './control.js';
import type { MemoryPlan } from './memory-budget.js';
import type { MetricsSink } from './metrics.js';
import { resolveLora, resolveOptimizer } from './options.js';
import { resolveSettings, type RunEvent, type RunProgress } from './run-options.js';
import type { DataOptions, TrainSettings } from './train-settings.js';
import type { BaseModelInfo } from './types.js';

/** What decides which adapter comes out. `undefined` is the default everywhere. */
export type FlatOptions = Exact<Omit<Training, Around>>;
type Around = 'memory' | 'checkpointSteps' | 'checkpointSeconds' | 'keepCheckpoints';

/** What each option means and its default: options/training.ts. */
export interface TrainRequest extends Training {
  /** Rows to learn from. Needed unless a run is gone on with. */
  file?: string | undefined;
  /** Name of the new adapter. Needed unless a run is gone on with. */
  adapter?: string | undefined;
  /** Goes on with the run of this id, or with the latest that can (true). Options given beside it must be those of the run. */
  resume?: string | boolean | undefined;
  onProgress?: ((progress: RunProgress) => void) | undefined;
  onEvent?: ((event: TrainEvent) => void) | undefined;
  /** Get every record of metrics.jsonl, and are closed at the end. */
  sinks?: readonly MetricsSink[] | undefined;
  control?: RunControl | undefined;
  signal?: AbortSignal | undefined;
}

export type TrainEvent =
  | RunEvent
  /** `step` is above 0 for a run that goes on. */
  | { type: 'started'; run: string; folder: string; rows: Rows; step: number }
  /** The run goes on with other kernels than its checkpoint was computed with: it will not be the same to the bit. */
  | { type: 'kernels_changed'; before: string; now: string }
  /** Estimated before the first step. */
  | ({ type: 'memory' } & MemoryPlan)
  /** So many rows write a special token of the model in letters, as which it is learned. */
  | { type: 'typed_signs'; rows: number; firstLine: number; sign: string }
  /** Texts whose labels were predicted, to measure how well. */
  | { type: 'classified'; done: number; of: number };

export interface Rows {
  train: number;
  validation: number;
  test: number;
}

const AROUND: readonly string[] = [
  'memory',
  'checkpointSteps',
  'checkpointSeconds',
  'keepCheckpoints',
] satisfies Around[];
const FLAT_KEYS = Object.keys(TRAINING).filter((key) => !AROUND.includes(key));
const OTHER_KEYS = [...AROUND, 'file', 'adapter', 'resume', 'onProgress', 'onEvent', 'sinks', 'control', 'signal'];

/** Those of a request that decide what comes out. Throws `usage` for one that there is not. */
export function flatOptions(request: TrainRequest): FlatOptions {
  checkKeys(request, [...FLAT_KEYS, ...OTHER_KEYS]);
  return Object.fromEntries(Object.entries(request).filter(([key]) => FLAT_KEYS.includes(key)));
}

const DEFAULT_TEXT_TOKENS = fallbackOf(TRAINING.length);
const DEFAULT_VALIDATION = 0.1;
const DEFAULT_TEST_OF_LABELS = 0.2;

/** Fills in the defaults. Throws `usage`. */
export function resolveRequest(
  request: FlatOptions & { file: string },
  model: Pick<BaseModelInfo, 'layers' | 'contextLength'>,
): TrainSettings {
  const { rank, rankPattern, kind, alpha, targets, layers, dropout, seed } = request;
  const { optimizer, learningRate, rateB, weightDecay, maxGradNorm } = request;
  const lora = resolveLora(defined({ rank, rankPattern, kind, alpha, targets, layers, dropout, seed }), model.layers);
  const { firstLayer, lastLayer } = lora;
  const resolved = {
    rank: lora.rank,
    alpha: lora.alpha,
    targets: lora.targets,
    dropout: lora.dropout,
    seed: lora.seed,
  };
  const solver = resolveOptimizer(defined({ kind: optimizer, learningRate, rateB, weightDecay, maxGradNorm }));
  const { epochs, batchSize, batchTokens, accumulate, schedule, warmup } = request;
  const { evaluateEvery, patience, minDelta } = request;
  const run = resolveSettings(
    defined({
      ...{ epochs, batchSize, batchTokens, accumulate, schedule, warmupSteps: warmup, seed },
      ...{ evaluateEvery, patience, minDelta, learningRate: solver.learningRate },
    }),
  );
  return {
    data: resolveData(request, run.patience > 0, model.contextLength),
    lora: { ...resolved, ...defined({ kind, rankPattern }), layers: [firstLayer, lastLayer] },
    optimizer: solver,
    run,
  };
}

function resolveData(
  request: FlatOptions & { file: string },
  hasPatience: boolean,
  contextLength: number,
): DataOptions {
  const isText = ['.txt', '.md'].includes(extname(request.file).toLowerCase());
  const length = request.length === undefined ? undefined : checkWhole('length', request.length, 2, contextLength);
  const format = checkOneOf('format', request.format ?? (isText ? 'text' : 'jsonl'), ['jsonl', 'text', 'labels']);
  const { prompt } = request;
  if (prompt !== undefined && format !== 'labels') {
    throw new EngramError('usage', 'A prompt is for rows with labels: give the format "labels" too.');
  }
  return {
    format,
    ...defined({ prompt }),
    validation: part('validation', request.validation ?? (hasPatience ? DEFAULT_VALIDATION : 0)),
    test: part('test', request.test ?? (format === 'labels' ? DEFAULT_TEST_OF_LABELS : 0)),
    maxTokens: length ?? contextLength,
    textTokens: length ?? Math.min(contextLength, DEFAULT_TEXT_TOKENS),
  };
}

function part(name: string, value: number | string): number | 'file' {
  return typeof value === 'string' ? 'file' : checkShare(name, value);
}

/** Throws `mismatch` naming what differs. */
export function requireSame(id: string, began: TrainSettings, given: TrainSettings): void {
  const [before, now] = [leaves(began), leaves(given)];
  const changes = Object.keys({ ...before, ...now }).filter((key) => before[key] !== now[key]);
  if (changes.length === 0) return;
  const list = changes.map((key) => `${key} was ${before[key] ?? 'not there'} and is ${now[key] ?? 'gone'}`);
  const [option] = changes;
  throw new EngramError('mismatch', `The run "${id}" began with other options: ${list.join('; ')}.`, {
    hint: 'Go on without these options, or start a new run.',
    option,
    details: { changes },
  });
}

/** Options by their names in a request, values as JSON. */
function leaves({ data, lora, optimizer: { kind: optimizer, ...rates }, run }: TrainSettings): Record<string, string> {
  const all = { ...data, ...lora, optimizer, ...rates, ...run };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [key, JSON.stringify(value)]));
}
