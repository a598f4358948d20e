// The training loop: steps, validation, early stopping, checkpoints, pausing, cancelling, going on. Not here: the step itself
// (C++), which examples it takes (plan.ts), where a run stands (run-state.ts), or when a memory is learned well enough (memory/).
import { EngramError, throwIfCancelled } from '../errors.js';
import { trainedTokens } from './dataset.js';
import { Keeper } from './keeper.js';
import type { MetricsRecord } from './metrics.js';
import { chunks, Plan, type Step } from './plan.js';
import { resolveSettings, type RunOptions, type RunResult, type Settings } from './run-options.js';
import { firstState, measuredOf, NOTHING, plus, sumOf, type Measured, type RunState } from './run-state.js';
import { rateAt } from './schedule.js';
import type { BatchLoss, Example, Trainer } from './types.js';

/** Trains the adapter of `trainer` further. Throws `usage`, `empty` (nothing to learn), `diverged` (with the step in its
 * details, and the last good checkpoint), `cancelled` (with the checkpoint it can go on from); the adapter is then as it was
 * after the last whole step. */
export async function runTraining(
  trainer: Trainer,
  examples: readonly Example[],
  options: RunOptions = {},
): Promise<RunResult> {
  const settings = resolveSettings(options);
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

/** An example as the trainer knows it. */
interface Lesson {
  index: number;
  tokens: number;
  sumWeights: number;
  trainedTokens: number;
}

/** Steps in a row beyond the largest sane loss that make an explosion: one may be an odd example. */
const HOT_STEPS = 3;

class Run {
  readonly #trainer: Trainer;
  readonly #settings: Settings;
  readonly #options: RunOptions;
  readonly #training: Lesson[];
  readonly #validation: Lesson[];
  readonly #test: Lesson[];
  readonly #plan: Plan<Lesson>;
  readonly #keeper: Keeper;
  #state: RunState;
  /** Since when time counts, and the seconds before that. */
  #clock = { since: performance.now(), seconds: 0 };
  /** The adapter is no longer that of the state: nothing may be kept of it. */
  #isOver = false;

  constructor(trainer: Trainer, examples: readonly Example[], settings: Settings, options: RunOptions) {
    this.#trainer = trainer;
    this.#settings = settings;
    this.#options = options;
    const lessons = (some: readonly Example[] = []): Lesson[] =>
      some.map((example) => toLesson(trainer, example)).filter((lesson) => lesson.trainedTokens > 0);
    this.#training = lessons(examples);
    this.#validation = lessons(options.validation);
    this.#test = lessons(options.test);
    if (this.#training.length === 0) throw new EngramError('empty', 'There is nothing to learn from.');
    if (settings.patience > 0 && this.#validation.length === 0) {
      throw new EngramError('usage', 'Nothing tells when to stop early: patience needs examples to validate on.');
    }
    this.#plan = new Plan(this.#training, settings);
    this.#state = firstState();
    this.#keeper = new Keeper(trainer, options, this.#state);
  }

  async start(): Promise<RunResult> {
    const { checkpoints, resume } = this.#options;
    try {
      await checkpoints?.clean();
      if (resume !== undefined) this.#state = await this.#keeper.load(resume);
      this.#clock = { since: performance.now(), seconds: this.#state.seconds };
      await this.#loop();
      if (!this.#keeper.holds(this.#state)) await this.#checkpoint();
      this.#isOver = true;
      await this.#restoreBest();
      return await this.#result();
    } catch (error) {
      throw await this.#closing(error);
    }
  }

  async #loop(): Promise<void> {
    while (!this.#isDone()) {
      const steps = this.#plan.epoch(this.#state.epoch);
      const step = steps[this.#state.position];
      if (this.#isValidationDue()) await this.#validate();
      else if (step === undefined) await this.#endEpoch();
      else await this.#step(step);
      throwIfCancelled(this.#options.signal);
      // A validation may find the best so far, and then it writes one.
      if (this.#keeper.isDue(this.#state) && !this.#isValidationDue()) await this.#checkpoint();
      if (this.#options.control?.paused === true) await this.#pause();
    }
    if (!this.#isStale()) return;
    this.#options.onEvent?.({ type: 'stopped_early', step: this.#state.step, validations: this.#state.stale });
    if (this.#state.position > 0) await this.#endEpoch();
  }

  #isDone(): boolean {
    return this.#isStale() || this.#state.epoch > this.#settings.epochs;
  }

  #isStale(): boolean {
    const { patience } = this.#settings;
    return patience > 0 && this.#state.stale >= patience;
  }

  async #step(batches: Step<Lesson>): Promise<void> {
    const { schedule, warmupSteps, learningRate } = this.#settings;
    // The gradient of a step is that of the mean loss per token of all its examples, however they are cut into batches.
    const scale = 1 / batches.flat().reduce((sum, lesson) => sum + lesson.sumWeights, 0);
    let sum = NOTHING;
    let computedTokens = 0;
    for (const batch of batches) {
      const items = batch.map((lesson) => ({ example: lesson.index, scale }));
      const loss = await this.#pass(() => this.#trainer.backward(items));
      sum = plus(sum, sumOf(loss));
      computedTokens += loss.computedTokens;
    }
    const { loss, accuracy } = measuredOf(sum);
    const hot = this.#heat(loss);
    const rate = rateAt(this.#state.step, { kind: schedule, learningRate, warmupSteps, steps: this.#plan.steps });
    const { gradNorm } = await this.#guard(() => this.#trainer.update(rate));
    const { epoch } = this.#state;
    const step = this.#state.step + 1;
    const computed = this.#state.computedTokens + computedTokens;
    const seconds = this.#seconds();
    const measured = { loss, learningRate: rate, gradNorm, tokensPerSecond: computed / Math.max(seconds, 1e-9) };
    await this.#record({ kind: 'step', step, epoch, split: 'train', accuracy, ...measured });
    const position = this.#state.position + 1;
    this.#moveOn({ step, position, sums: plus(this.#state.sums, sum), computedTokens: computed, hot });
    const of = this.#plan.steps;
    this.#options.onProgress?.({ step, of, epoch, ...measured, etaSeconds: (seconds / step) * (of - step) });
  }

  /** Steps in a row with an insane loss, this one included. Throws `diverged` when they are too many. */
  #heat(loss: number): number {
    const { maxLoss } = this.#options;
    if (maxLoss === undefined || loss <= maxLoss) return 0;
    const hot = this.#state.hot + 1;
    if (hot < HOT_STEPS) return hot;
    throw this.#diverged(
      `The loss has exploded: ${loss.toFixed(1)}, and above ${maxLoss.toFixed(1)} for ${hot} steps.`,
    );
  }

  #isValidationDue(): boolean {
    const { step, epoch, position, validated } = this.#state;
    if (this.#validation.length === 0 || step === 0 || validated?.step === step) return false;
    const { evaluateEvery } = this.#settings;
    const isEnd = position > 0 && position === this.#plan.epoch(epoch).length;
    return isEnd || (evaluateEvery > 0 && step % evaluateEvery === 0);
  }

  async #validate(): Promise<void> {
    const { step, epoch, best, stale } = this.#state;
    const measured = await this.#measure(this.#validation);
    const isBetter = best === null || measured.loss < best.loss - this.#settings.minDelta;
    await this.#record({ kind: 'evaluation', step, epoch, split: 'validation', ...measured });
    const validated = { step, ...measured };
    if (!isBetter) {
      this.#moveOn({ validated, stale: stale + 1 });
      return;
    }
    const change = { validated, stale: 0, metricsBytes: this.#metricsBytes() };
    await this.#checkpoint((checkpoint) => ({ ...this.#state, ...change, best: { epoch, ...validated, checkpoint } }));
  }

  async #endEpoch(): Promise<void> {
    const { step, epoch, sums, validated, epochs, firstEpoch } = this.#state;
    const { loss, accuracy } = measuredOf(sums);
    await this.#record({ kind: 'evaluation', step, epoch, split: 'train', loss, accuracy });
    const validation = validated?.step === step ? validated : null;
    const result = {
      train: loss,
      validation: validation?.loss ?? null,
      trainAccuracy: accuracy,
      validationAccuracy: validation?.accuracy ?? null,
    };
    const all = [...epochs, result];
    this.#moveOn({ epoch: epoch + 1, position: 0, sums: NOTHING, firstEpoch: firstEpoch ?? sums, epochs: all });
  }

  async #measure(lessons: readonly Lesson[]): Promise<Measured> {
    let sum = NOTHING;
    for (const batch of chunks(lessons, this.#settings.batchSize)) {
      const items = batch.map((lesson) => ({ example: lesson.index }));
      sum = plus(sum, sumOf(await this.#pass(() => this.#trainer.evaluate(items))));
    }
    return measuredOf(sum);
  }

  /** The state with the lowest validation loss is the one that is left. */
  async #restoreBest(): Promise<void> {
    const { best, step } = this.#state;
    if (best === null || best.step === step || best.checkpoint === null) return;
    await this.#options.checkpoints?.loadAdapter(this.#trainer, best.checkpoint);
    this.#options.onEvent?.({ type: 'best_restored', step: best.step, loss: best.loss });
  }

  async #result(): Promise<RunResult> {
    const { step, epoch, epochs, firstEpoch, best } = this.#state;
    const test = this.#test.length === 0 ? null : await this.#measure(this.#test);
    if (test !== null) {
      const at = best ?? { step, epoch: Math.min(epoch, this.#settings.epochs) };
      await this.#record({ kind: 'evaluation', step: at.step, epoch: at.epoch, split: 'test', ...test });
    }
    return {
      trainedTokens: this.#training.reduce((sum, lesson) => sum + lesson.trainedTokens, 0),
      sumLoss: firstEpoch?.sumLoss ?? 0,
      epochs,
      best,
      test,
      stoppedEarly: this.#isStale() && epoch <= this.#settings.epochs,
      steps: step,
      seconds: this.#seconds(),
    };
  }

  /** Writes the state, which takes effect with it: what was cancelled in the middle has not happened. */
  async #checkpoint(stateOf: (name: string | null) => RunState = () => this.#state): Promise<void> {
    const seconds = this.#seconds();
    this.#state = await this.#keeper.write((name) => ({ ...stateOf(name), seconds }));
  }

  async #pause(): Promise<void> {
    const { control, onEvent, signal } = this.#options;
    if (!this.#keeper.holds(this.#state)) await this.#checkpoint();
    const seconds = this.#seconds();
    onEvent?.({ type: 'paused', step: this.#state.step });
    await control?.wait(signal);
    this.#clock = { since: performance.now(), seconds };
    throwIfCancelled(signal);
    onEvent?.({ type: 'resumed', step: this.#state.step });
  }

  /** What a run that ends with an error leaves behind: a checkpoint where it was cancelled, the last good one where it diverged. */
  async #closing(error: unknown): Promise<unknown> {
    if (!(error instanceof EngramError)) return error;
    if (error.code === 'diverged') return this.#keeper.afterDivergence(error, this.#state);
    if (error.code !== 'cancelled' || this.#options.signal?.aborted !== true) return error;
    if (!this.#keeper.holds(this.#state) && !this.#isOver) await this.#checkpoint();
    const { step } = this.#state;
    const message = `Cancelled after step ${step} of ${this.#plan.steps}.`;
    return new EngramError('cancelled', message, { cause: error, details: { step } });
  }

  async #pass(pass: () => Promise<BatchLoss>): Promise<BatchLoss> {
    const loss = await this.#guard(() => {
      const running = pass();
      // Aborted since the last call ended: only a pass that rejects clears the gradients of those before it.
      if (this.#options.signal?.aborted) this.#trainer.cancel();
      return running;
    });
    if (!Number.isFinite(sumOf(loss).sumLoss)) throw this.#diverged('The loss is not a finite number.');
    return loss;
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
    const step = this.#state.step + 1;
    return new EngramError('diverged', `Training diverged at step ${step} of ${this.#plan.steps}: ${message}`, {
      hint: 'Lower the learning rate, or add warm-up steps.',
      cause,
      details: { step },
    });
  }

  async #record(measured: Omit<MetricsRecord, 'timeMs'>): Promise<void> {
    const record: MetricsRecord = { ...measured, timeMs: Math.round(1000 * this.#seconds()) };
    const { metricsFile, sinks = [], onEvent } = this.#options;
    await metricsFile?.write(record);
    for (const sink of sinks) await sink.write(record);
    onEvent?.({ type: 'metrics', ...record });
  }

  /** The state after what was recorded. */
  #moveOn(change: Partial<RunState>): void {
    this.#state = { ...this.#state, ...change, metricsBytes: this.#metricsBytes() };
  }

  #metricsBytes(): number {
    return this.#options.metricsFile?.bytes ?? 0;
  }

  #seconds(): number {
    return this.#clock.seconds + (performance.now() - this.#clock.since) / 1000;
  }
}

function toLesson(trainer: Trainer, example: Example): Lesson {
  let sumWeights = 0;
  for (let i = 1; i < example.weights.length; i++) sumWeights += example.weights[i]!;
  const { length: tokens } = example.tokens;
  return { index: trainer.add(example), tokens, sumWeights, trainedTokens: trainedTokens(example) };
}
