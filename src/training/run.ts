// The training loop: epochs, batches, gradient accumulation, validation, learning rate, progress, cancelling. Not here: the
// step itself (C++), the data (dataset.ts), or when a memory is learned well enough (memory/).
import { checkKeys } from '../config.js';
import { EngramError, throwIfCancelled } from '../errors.js';
import { checkOneOf, checkPositive, checkShare, checkWhole, refuse } from './checks.js';
import { trainedTokens } from './dataset.js';
import { DEFAULT_OPTIMIZER, resolveOptimizer } from './options.js';
import { seededRandom, shuffled } from './random.js';
import { rateAt, type ScheduleKind } from './schedule.js';
import type { BaseModel, BatchItem, Example, LoraOptions, OptimizerOptions, Trainer } from './types.js';

export interface RunOptions {
  /** Times that every example is learned from. Default 1. */
  epochs?: number;
  /** Examples that go through the model together. Default 4. */
  batchSize?: number;
  /** Batches whose gradients are added up before a step. Default 1. */
  accumulate?: number;
  /** Share of the examples that is kept out of training and only measured, chosen by the seed; at least one example where
   * it is not 0, and at least one is left to train on. Default 0. */
  validation?: number;
  /** Other order in each epoch. Default true. */
  shuffle?: boolean;
  /** Seed of the order and of the validation split. Default 0. */
  seed?: number;
  /** Default constant. */
  schedule?: ScheduleKind;
  /** Steps in which the learning rate rises. Default 0. */
  warmupSteps?: number;
  /** Rate that the schedule starts from. Default: the optimizer's, 2e-4. */
  learningRate?: number;
  onProgress?: (progress: RunProgress) => void;
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

export interface RunResult {
  /** Tokens with a loss in the training examples, each counted once. */
  trainedTokens: number;
  /** Their loss in the first epoch, summed, each batch at the weights before its update. */
  sumLoss: number;
  /** Mean loss per token: in training (each batch before its update), and on the validation examples after the epoch. */
  epochs: { train: number; validation: number | null }[];
  steps: number;
  seconds: number;
}

export interface TrainOptions extends Omit<RunOptions, 'learningRate'> {
  lora?: LoraOptions;
  /** Its learning rate is the one the schedule starts from. */
  optimizer?: OptimizerOptions;
  /** Where to write the adapter (GGUF) when training has ended well. */
  output?: string;
}

const DEFAULTS = {
  epochs: 1,
  batchSize: 4,
  accumulate: 1,
  validation: 0,
  shuffle: true,
  seed: 0,
  schedule: 'constant' as ScheduleKind,
  warmupSteps: 0,
  learningRate: DEFAULT_OPTIMIZER.learningRate,
};

/** Trains a new adapter of `base` and writes it to `output`. Throws as runTraining() does. */
export async function train(
  base: BaseModel,
  examples: readonly Example[],
  options: TrainOptions = {},
): Promise<RunResult> {
  const { lora, optimizer, output, ...run } = options;
  const { learningRate } = resolveOptimizer(optimizer ?? {});
  const trainer = base.newTrainer(lora, optimizer);
  try {
    const result = await runTraining(trainer, examples, { ...run, learningRate });
    if (output !== undefined) await trainer.save(output);
    return result;
  } finally {
    trainer.close();
  }
}

/** Trains the adapter of `trainer` further. Throws `usage`, `empty` (nothing to learn), `diverged` (with the step in its
 * details), `cancelled`; the adapter is then as it was after the last whole step. */
export async function runTraining(
  trainer: Trainer,
  examples: readonly Example[],
  options: RunOptions = {},
): Promise<RunResult> {
  const settings = checkOptions(options);
  throwIfCancelled(options.signal);
  const run = new Run(trainer, examples, settings, options);
  const cancel = (): void => {
    trainer.cancel();
  };
  options.signal?.addEventListener('abort', cancel);
  try {
    return await run.start();
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}

type Settings = typeof DEFAULTS;

function checkOptions(options: RunOptions): Settings {
  checkKeys(options, [...Object.keys(DEFAULTS), 'onProgress', 'signal']);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as RunOptions;
  const all = { ...DEFAULTS, ...given };
  if (typeof all.shuffle !== 'boolean') refuse('shuffle', 'true or false', all.shuffle);
  return {
    epochs: checkWhole('epochs', all.epochs, 1),
    batchSize: checkWhole('batchSize', all.batchSize, 1),
    accumulate: checkWhole('accumulate', all.accumulate, 1),
    validation: checkShare('validation', all.validation),
    shuffle: all.shuffle,
    seed: checkWhole('seed', all.seed, 0),
    schedule: checkOneOf('schedule', all.schedule, ['constant', 'linear', 'cosine']),
    warmupSteps: checkWhole('warmupSteps', all.warmupSteps, 0),
    learningRate: checkPositive('learningRate', all.learningRate),
  };
}

/** An example as the trainer knows it. */
interface Lesson {
  index: number;
  sumWeights: number;
  trainedTokens: number;
}

class Run {
  readonly #trainer: Trainer;
  readonly #settings: Settings;
  readonly #onProgress: ((progress: RunProgress) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #training: Lesson[];
  readonly #validation: Lesson[];
  readonly #steps: number;
  readonly #started = performance.now();
  #step = 0;
  #computedTokens = 0;

  constructor(trainer: Trainer, examples: readonly Example[], settings: Settings, options: RunOptions) {
    this.#trainer = trainer;
    this.#settings = settings;
    this.#onProgress = options.onProgress;
    this.#signal = options.signal;
    this.#random = seededRandom(settings.seed);
    const kept = splitOff(examples.length, settings.validation, this.#random);
    const lessons = examples.map((example) => toLesson(trainer, example));
    this.#training = lessons.filter((lesson, i) => !kept.has(i) && lesson.trainedTokens > 0);
    this.#validation = lessons.filter((_, i) => kept.has(i));
    if (this.#training.length === 0) throw new EngramError('empty', 'There is nothing to learn from.');
    this.#steps = settings.epochs * Math.ceil(this.#training.length / (settings.batchSize * settings.accumulate));
  }

  async start(): Promise<RunResult> {
    const epochs: RunResult['epochs'] = [];
    let sumLoss = 0;
    for (let epoch = 1; epoch <= this.#settings.epochs; epoch++) {
      const loss = await this.#epoch(epoch);
      if (epoch === 1) sumLoss = loss.sumLoss;
      epochs.push({ train: loss.sumLoss / loss.sumWeights, validation: await this.#validate() });
    }
    return {
      trainedTokens: this.#training.reduce((sum, lesson) => sum + lesson.trainedTokens, 0),
      sumLoss,
      epochs,
      steps: this.#step,
      seconds: this.#seconds(),
    };
  }

  async #epoch(epoch: number): Promise<Sum> {
    const { batchSize, accumulate, shuffle } = this.#settings;
    const order = shuffle ? shuffled(this.#training, this.#random) : this.#training;
    const total: Sum = { sumLoss: 0, sumWeights: 0 };
    for (const group of chunks(order, batchSize * accumulate)) {
      // The gradient of a step is that of the mean loss per token of all its examples, however they are cut into batches.
      const scale = 1 / group.reduce((sum, lesson) => sum + lesson.sumWeights, 0);
      const step: Sum = { sumLoss: 0, sumWeights: 0 };
      for (const batch of chunks(group, batchSize)) {
        const items = batch.map((lesson) => ({ example: lesson.index, scale }));
        add(step, await this.#pass(() => this.#trainer.backward(items)));
      }
      await this.#update(epoch, step.sumLoss / step.sumWeights);
      add(total, step);
    }
    return total;
  }

  async #update(epoch: number, loss: number): Promise<void> {
    const { schedule, warmupSteps, learningRate } = this.#settings;
    const rate = rateAt(this.#step, { kind: schedule, learningRate, warmupSteps, steps: this.#steps });
    const { gradNorm } = await this.#guard(() => this.#trainer.update(rate));
    this.#step++;
    const seconds = this.#seconds();
    this.#onProgress?.({
      step: this.#step,
      of: this.#steps,
      epoch,
      loss,
      learningRate: rate,
      gradNorm,
      tokensPerSecond: this.#computedTokens / Math.max(seconds, 1e-9),
      etaSeconds: (seconds / this.#step) * (this.#steps - this.#step),
    });
    throwIfCancelled(this.#signal);
  }

  async #validate(): Promise<number | null> {
    if (this.#validation.length === 0) return null;
    const total: Sum = { sumLoss: 0, sumWeights: 0 };
    for (const batch of chunks(this.#validation, this.#settings.batchSize)) {
      const items: BatchItem[] = batch.map((lesson) => ({ example: lesson.index }));
      add(total, await this.#pass(() => this.#trainer.evaluate(items)));
    }
    return total.sumWeights > 0 ? total.sumLoss / total.sumWeights : null;
  }

  async #pass(pass: () => ReturnType<Trainer['backward']>): Promise<Sum> {
    const { examples, computedTokens } = await this.#guard(() => {
      const running = pass();
      // Aborted since the last call ended: only a pass that rejects clears the gradients of those before it.
      if (this.#signal?.aborted) this.#trainer.cancel();
      return running;
    });
    this.#computedTokens += computedTokens;
    const sum: Sum = { sumLoss: 0, sumWeights: 0 };
    for (const example of examples) add(sum, example);
    if (!Number.isFinite(sum.sumLoss)) throw this.#diverged('The loss is not a finite number.');
    return sum;
  }

  /** Names the step in `diverged`. */
  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof EngramError && error.code === 'diverged') throw this.#diverged(error.message, error);
      throw error;
    }
  }

  #diverged(message: string, cause?: EngramError): EngramError {
    const step = this.#step + 1;
    return new EngramError('diverged', `Training diverged at step ${step} of ${this.#steps}: ${message}`, {
      hint: 'Lower the learning rate, or add warm-up steps.',
      cause,
      details: { step },
    });
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}

interface Sum {
  sumLoss: number;
  sumWeights: number;
}

function add(to: Sum, from: Sum): void {
  to.sumLoss += from.sumLoss;
  to.sumWeights += from.sumWeights;
}

function toLesson(trainer: Trainer, example: Example): Lesson {
  let sumWeights = 0;
  for (let i = 1; i < example.weights.length; i++) sumWeights += example.weights[i]!;
  return { index: trainer.add(example), sumWeights, trainedTokens: trainedTokens(example) };
}

/** Indices of the examples that are only measured. */
function splitOff(count: number, share: number, random: ReturnType<typeof seededRandom>): Set<number> {
  if (share === 0) return new Set();
  if (count < 2) throw new EngramError('usage', 'One example cannot be split into training and validation.');
  const kept = Math.min(count - 1, Math.max(1, Math.round(count * share)));
  return new Set(shuffled([...Array(count).keys()], random).slice(0, kept));
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
