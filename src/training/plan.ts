// Which examples go into which step: the order of every epoch by the seed, cut into batches and the batches into steps. An
// epoch's order follows from seed and epoch alone, so a run that goes on later meets the same steps.
import { seededRandom, shuffled } from './random.js';

export interface PlanOptions {
  epochs: number;
  /** Examples, and tokens, that go through the model together at most. */
  batchSize: number;
  batchTokens: number | null;
  /** Batches of one step. */
  accumulate: number;
  shuffle: boolean;
  seed: number;
}

/** The batches of one step. */
export type Step<T> = T[][];

export class Plan<T extends { tokens: number }> {
  readonly #items: readonly T[];
  readonly #options: PlanOptions;
  /** Steps in all epochs. */
  readonly steps: number;
  #cut: { epoch: number; steps: Step<T>[] } | undefined;

  constructor(items: readonly T[], options: PlanOptions) {
    this.#items = items;
    this.#options = options;
    this.steps = this.#countSteps();
  }

  /** The steps of an epoch, counted from 1. */
  epoch(epoch: number): readonly Step<T>[] {
    if (this.#cut?.epoch !== epoch) this.#cut = { epoch, steps: this.#cutEpoch(epoch) };
    return this.#cut.steps;
  }

  #countSteps(): number {
    const { epochs, batchTokens, shuffle } = this.#options;
    // Where lengths count, how many batches there are depends on the order.
    if (batchTokens === null || !shuffle) return epochs * this.#cutEpoch(1).length;
    let steps = 0;
    for (let epoch = 1; epoch <= epochs; epoch++) steps += this.#cutEpoch(epoch).length;
    return steps;
  }

  #cutEpoch(epoch: number): Step<T>[] {
    const { shuffle, seed, accumulate } = this.#options;
    const order = shuffle ? shuffled(this.#items, seededRandom(epochSeed(seed, epoch))) : this.#items;
    return chunks([...this.#batches(order)], accumulate);
  }

  *#batches(order: readonly T[]): Generator<T[]> {
    const { batchSize, batchTokens } = this.#options;
    let batch: T[] = [];
    let tokens = 0;
    for (const item of order) {
      const isFull = batch.length === batchSize || (batchTokens !== null && tokens + item.tokens > batchTokens);
      if (isFull && batch.length > 0) {
        yield batch;
        batch = [];
        tokens = 0;
      }
      batch.push(item);
      tokens += item.tokens;
    }
    if (batch.length > 0) yield batch;
  }
}

/** Other numbers for each epoch, also where the seeds of two runs are neighbours. */
function epochSeed(seed: number, epoch: number): number {
  const random = seededRandom(seed);
  return (random.below(2 ** 32) + epoch * 0x9e3779b9) % 2 ** 53;
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const out: T[][] = [];
  for (let start = 0; start < items.length; start += size) out.push(items.slice(start, start + size));
  return out;
}
