// A Trainer without a model: each example has a loss that falls with every update, and all calls are written down.
import { readFile, writeFile } from 'node:fs/promises';
import { EngramError } from '../../src/errors.js';
import type { BatchItem, BatchLoss, Example, Sequence, Trainer } from '../../src/training/types.js';

export class FakeTrainer implements Trainer {
  readonly examples: Example[] = [];
  readonly backwards: BatchItem[][] = [];
  readonly evaluated: BatchItem[][] = [];
  readonly rates: (number | undefined)[] = [];
  readonly saved: string[] = [];
  closed = false;
  cancelled = 0;
  /** Mean loss per token as a function of the updates so far. */
  lossAt: (updates: number) => number = (updates) => 4 / (1 + updates);
  /** Runs before a pass returns. */
  onPass: () => void = () => undefined;
  #cancelNext = false;
  /** Updates that the adapter has had: those of load() count too. */
  #updates = 0;

  add(example: Example): number {
    this.#requireOpen();
    return this.examples.push(example) - 1;
  }

  async backward(batch: readonly BatchItem[]): Promise<BatchLoss> {
    this.backwards.push([...batch]);
    return this.#pass(batch);
  }

  async evaluate(batch: readonly BatchItem[]): Promise<BatchLoss> {
    this.evaluated.push([...batch]);
    return this.#pass(batch);
  }

  async update(learningRate?: number): Promise<{ gradNorm: number; step: number }> {
    await Promise.resolve();
    this.#requireOpen();
    this.rates.push(learningRate);
    return { gradNorm: 1, step: ++this.#updates };
  }

  /** All equally likely. */
  choices(sequences: readonly Sequence[], choices: readonly number[]): Promise<Float32Array[]> {
    return Promise.resolve(sequences.map(() => new Float32Array(choices.length).fill(-Math.log(choices.length))));
  }

  /** Of a vocabulary of one. */
  logits(tokens: ArrayLike<number>): Promise<Float32Array> {
    return Promise.resolve(new Float32Array(tokens.length));
  }

  async save(path: string): Promise<void> {
    this.saved.push(path);
    await writeFile(path, String(this.#updates));
  }

  async load(path: string): Promise<void> {
    this.#updates = Number(await readFile(path, 'utf8'));
  }

  saveState(path: string): Promise<void> {
    return writeFile(path, String(this.#updates));
  }

  async loadState(path: string): Promise<void> {
    this.#updates = Number(await readFile(path, 'utf8'));
  }

  cancel(): void {
    this.cancelled++;
    this.#cancelNext = true;
  }

  #requireOpen(): void {
    if (this.closed) throw new EngramError('usage', 'The trainer is closed.');
  }

  close(): void {
    this.closed = true;
  }

  async #pass(batch: readonly BatchItem[]): Promise<BatchLoss> {
    this.#requireOpen();
    for (const { example } of batch) {
      if (this.examples[example] === undefined) throw new EngramError('usage', `There is no example ${example}.`);
    }
    this.#cancelNext = false;
    await Promise.resolve();
    this.onPass();
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- cancel() may have come meanwhile
    if (this.#cancelNext) throw new EngramError('cancelled', 'Cancelled.');
    const loss = this.lossAt(this.#updates);
    const examples = batch.map(({ example }) => {
      const weights = Array.from(this.examples[example]!.weights).slice(1);
      const sumWeights = weights.reduce((sum, weight) => sum + weight, 0);
      const tokens = weights.filter((weight) => weight > 0).length;
      return { sumLoss: loss * sumWeights, sumWeights, sumKl: 0, sumKlWeights: 0, maxLoss: loss, tokens, correct: 0 };
    });
    const computedTokens = batch.reduce((sum, { example }) => sum + this.examples[example]!.tokens.length, 0);
    return { examples, computedTokens, flop: 0, seconds: 0 };
  }
}
