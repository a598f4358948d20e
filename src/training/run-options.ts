// What a run can be told and what it tells: options with their defaults and checks, progress, events, result. Not here: the
// options of adapter and optimizer (options.ts), and the run itself (run.ts).
import { checkKeys } from '../config.js';
import { fallbackOf, TRAINING, type Exact, type Training } from '../options/index.js';
import type { Checkpoints, Checkpoint } from './checkpoints.js';
import { checkNumber, checkOneOf, checkPositive, checkWhole, refuse } from './checks.js';
import type { RunControl } from './control.js';
import type { MetricsFile } from './metrics-file.js';
import type { MetricsRecord, MetricsSink } from './metrics.js';
import type { Best, EpochResult, Measured } from './run-state.js';
import type { Example } from './types.js';

/** What decides which adapter comes out; a run that goes on later must have the same. */
export interface RunSettings extends Exact<
  Pick<
    Training,
    | 'epochs'
    | 'batchSize'
    | 'accumulate'
    | 'seed'
    | 'schedule'
    | 'learningRate'
    | 'evaluateEvery'
    | 'patience'
    | 'minDelta'
  >
> {
  /** Tokens that go through the model together at most; a longer example goes alone. Default: no limit. */
  batchTokens?: NonNullable<Training['batchTokens']> | null;
  /** Other order in each epoch. Default true. */
  shuffle?: boolean;
  /** Steps in which the learning rate rises. Default 0. */
  warmupSteps?: NonNullable<Training['warmup']>;
}

export interface RunOptions extends RunSettings {
  /** Examples that are only measured: after each epoch, and once at the end with the best state. */
  validation?: readonly Example[];
  test?: readonly Example[];
  /** A loss above this in three steps in a row is an explosion: the run ends as `diverged`. Default: none is. */
  maxLoss?: number | undefined;
  /** Where checkpoints go. Without them a run cannot go on later, and what it leaves is the last state, not the best. */
  checkpoints?: Checkpoints | undefined;
  /** Steps between two checkpoints, and seconds, whichever comes first. 0: never for that. Default 0 and 60. */
  checkpointSteps?: NonNullable<Training['checkpointSteps']>;
  checkpointSeconds?: NonNullable<Training['checkpointSeconds']>;
  /** Goes on from here instead of from the start. */
  resume?: Checkpoint | undefined;
  /** Where the length of the file counts for going on later. */
  metricsFile?: MetricsFile | undefined;
  /** Get every record; closing them is the caller's matter. */
  sinks?: readonly MetricsSink[];
  onProgress?: ((progress: RunProgress) => void) | undefined;
  onEvent?: ((event: RunEvent) => void) | undefined;
  control?: RunControl | undefined;
  /** Aborting it ends the training within a step. */
  signal?: AbortSignal | undefined;
}

export interface RunProgress {
  /** Steps taken, steps in all. */
  step: number;
  of: number;
  /** Counted from 1. */
  epoch: number;
  /** Mean loss per token of the step's examples, before the step. */
  loss: number;
  learningRate: number;
  gradNorm: number;
  /** Tokens through the model per second, since the start. */
  tokensPerSecond: number;
  /** Seconds that are left at this speed. */
  etaSeconds: number;
}

export type RunEvent =
  | ({ type: 'metrics' } & MetricsRecord)
  | { type: 'checkpoint'; step: number; path: string; best: boolean }
  | { type: 'paused' | 'resumed'; step: number }
  /** Validation found nothing better for so many times in a row. */
  | { type: 'stopped_early'; step: number; validations: number }
  /** The adapter is again the one with the lowest validation loss. */
  | { type: 'best_restored'; step: number; loss: number };

export interface RunResult {
  /** Tokens with a loss in the training examples, each counted once. */
  trainedTokens: number;
  /** Their loss in the first epoch, summed, each batch at the weights before its update. */
  sumLoss: number;
  epochs: EpochResult[];
  /** Whose adapter this is; null where nothing was validated. */
  best: Best | null;
  /** Measured at the end, with the best state. */
  test: Measured | null;
  stoppedEarly: boolean;
  steps: number;
  /** Of training, pauses left out. */
  seconds: number;
}

const DEFAULTS = {
  epochs: fallbackOf(TRAINING.epochs),
  batchTokens: null as number | null,
  accumulate: fallbackOf(TRAINING.accumulate),
  shuffle: true,
  seed: fallbackOf(TRAINING.seed),
  schedule: fallbackOf(TRAINING.schedule),
  warmupSteps: fallbackOf(TRAINING.warmup),
  learningRate: fallbackOf(TRAINING.learningRate),
  evaluateEvery: fallbackOf(TRAINING.evaluateEvery),
  patience: fallbackOf(TRAINING.patience),
  minDelta: fallbackOf(TRAINING.minDelta),
};

const DEFAULT_BATCH = fallbackOf(TRAINING.batchSize);
/** Where tokens are counted, examples hardly matter. */
const MOST_EXAMPLES = 1024;

export type Settings = typeof DEFAULTS & { batchSize: number };

const NOT_SETTINGS: readonly (keyof Omit<RunOptions, keyof RunSettings>)[] = [
  'validation',
  'test',
  'maxLoss',
  'checkpoints',
  'checkpointSteps',
  'checkpointSeconds',
  'resume',
  'metricsFile',
  'sinks',
  'onProgress',
  'onEvent',
  'control',
  'signal',
];

/** Fills in the defaults. Throws `usage`. */
export function resolveSettings(options: RunOptions): Settings {
  checkKeys(options, [...Object.keys(DEFAULTS), 'batchSize', ...NOT_SETTINGS]);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as RunOptions;
  const all = { ...DEFAULTS, ...given };
  if (typeof all.shuffle !== 'boolean') refuse('shuffle', 'true or false', all.shuffle);
  const batchTokens = all.batchTokens === null ? null : checkWhole('batchTokens', all.batchTokens, 1);
  return {
    epochs: checkWhole('epochs', all.epochs, 1),
    batchSize: checkWhole('batchSize', all.batchSize ?? (batchTokens === null ? DEFAULT_BATCH : MOST_EXAMPLES), 1),
    batchTokens,
    accumulate: checkWhole('accumulate', all.accumulate, 1),
    shuffle: all.shuffle,
    seed: checkWhole('seed', all.seed, 0),
    schedule: checkOneOf('schedule', all.schedule, ['constant', 'linear', 'cosine']),
    warmupSteps: checkWhole('warmupSteps', all.warmupSteps, 0),
    learningRate: checkPositive('learningRate', all.learningRate),
    evaluateEvery: checkWhole('evaluateEvery', all.evaluateEvery, 0),
    patience: checkWhole('patience', all.patience, 0),
    minDelta: checkNumber('minDelta', all.minDelta),
  };
}
