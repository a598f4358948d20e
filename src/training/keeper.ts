// When a run writes a checkpoint, and what of them is left when it diverges. Without a place for checkpoints it keeps none, and the
// run goes on all the same. Not here: their files (checkpoints.ts).
import { EngramError } from '../errors.js';
import { fallbackOf, TRAINING } from '../options/index.js';
import type { Checkpoint } from './checkpoints.js';
import { checkNumber, checkWhole } from './checks.js';
import type { RunOptions } from './run-options.js';
import type { RunState } from './run-state.js';
import type { Trainer } from './types.js';

export type KeeperOptions = Pick<
  RunOptions,
  'checkpoints' | 'checkpointSteps' | 'checkpointSeconds' | 'metricsFile' | 'onEvent'
>;

export class Keeper {
  readonly #trainer: Trainer;
  readonly #options: KeeperOptions;
  readonly #steps: number;
  readonly #seconds: number;
  #last: { state: RunState; at: number };

  /** `state` is where the run stands now. Throws `usage`. */
  constructor(trainer: Trainer, options: KeeperOptions, state: RunState) {
    this.#trainer = trainer;
    this.#options = options;
    this.#steps = checkWhole('checkpointSteps', options.checkpointSteps ?? 0, 0);
    this.#seconds = checkNumber(
      'checkpointSeconds',
      options.checkpointSeconds ?? fallbackOf(TRAINING.checkpointSeconds),
    );
    this.#last = { state, at: performance.now() };
  }

  /** Gives the trainer what a checkpoint holds and returns where the run stood. */
  async load({ name, state }: Checkpoint): Promise<RunState> {
    await this.#options.checkpoints?.load(this.#trainer, name);
    this.#last = { state, at: performance.now() };
    return state;
  }

  /** True if there is a checkpoint of this step, or nothing to write one to. What was measured after the step is measured again. */
  holds({ step }: RunState): boolean {
    return this.#options.checkpoints === undefined || step === this.#last.state.step;
  }

  isDue(state: RunState): boolean {
    const { step, hot } = state;
    // What an exploding loss leaves is nothing to go on from.
    if (this.holds(state) || hot > 0) return false;
    const isLate = this.#seconds > 0 && performance.now() - this.#last.at >= 1000 * this.#seconds;
    return isLate || (this.#steps > 0 && step % this.#steps === 0);
  }

  /** Writes a checkpoint and returns its state, which is made with the checkpoint's name. Throws `disk`, `cancelled`. */
  async write(stateOf: (name: string | null) => RunState): Promise<RunState> {
    const { checkpoints, metricsFile, onEvent } = this.#options;
    if (checkpoints === undefined) return stateOf(null);
    await metricsFile?.sync();
    const { path, state } = await checkpoints.write(this.#trainer, stateOf);
    this.#last = { state, at: performance.now() };
    onEvent?.({ type: 'checkpoint', step: state.step, path, best: state.best?.step === state.step });
    return state;
  }

  /** Deletes the checkpoints that hold what diverged here, and says in the error which one is sound. */
  async afterDivergence(error: EngramError, { step, hot, best }: RunState): Promise<EngramError> {
    const { checkpoints } = this.#options;
    await checkpoints?.dropFrom(step - hot, best?.checkpoint ?? null);
    const sound = await checkpoints?.latest();
    if (checkpoints === undefined || sound === undefined) return error;
    const path = checkpoints.adapterPath(sound.name);
    return new EngramError('diverged', error.message, {
      hint: `${error.hint ?? ''} The adapter after step ${sound.state.step} is sound: ${path}`,
      cause: error,
      details: { ...error.details, checkpoint: sound.path },
    });
  }
}
