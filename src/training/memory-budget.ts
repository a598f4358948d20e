// What a training takes of memory, counted before it starts, and a limit that it must keep to. Keeping to it is the trainer's
// matter (C++): it lets fewer layers keep what they computed, and computes them twice.
import { callNative } from '../addon.js';
import { EngramError } from '../errors.js';
import { checkWhole } from './checks.js';
import { findGgml } from './ggml.js';
import { loadAddon, type MemoryNeed, type NativeLora, type Precision } from './native.js';
import type { Settings } from './run-options.js';
import type { Example } from './types.js';

export interface MemoryPlan {
  /** Tokens of the largest batch. */
  tokens: number;
  /** Bytes of the whole process: with as much computed twice as can be, and with nothing. */
  least: number;
  most: number;
  /** Bytes that were allowed. */
  limit?: number;
}

/** What a training of batches of `tokens` takes, from the header of a model's file. */
export type EstimateMemory = (
  options: { precision: Precision | undefined; tokens: number },
  lora: NativeLora,
) => MemoryNeed;

/** Throws as opening the model does. */
export function memoryOf(path: string): EstimateMemory {
  return (options, lora) => callNative(() => loadAddon().estimateMemory(path, findGgml(), options, lora));
}

/** What Node's own heap and buffers grow by while a training runs. */
const GROWTH = 48e6;

/** Bytes that the process may take, counted from what it takes when this is made. */
export class MemoryBudget {
  readonly #limit: number | undefined;
  readonly #before = process.memoryUsage.rss() + GROWTH;

  /** `limit` in bytes; undefined: none. Throws `usage`. */
  constructor(limit: number | undefined) {
    this.#limit = limit === undefined ? undefined : checkWhole('memory', limit, 1);
  }

  /** What a training of batches of `tokens` takes. Throws `memory`, with the numbers, if that is more than the limit. */
  plan(estimate: EstimateMemory, lora: NativeLora, tokens: number, precision?: Precision): MemoryPlan {
    const need = estimate({ precision, tokens }, lora);
    const plan = { tokens, least: this.#before + need.least, most: this.#before + need.most };
    if (this.#limit === undefined) return plan;
    if (plan.least > this.#limit) throw tooMuch(this.#limit, this.#before, need, tokens);
    return { ...plan, limit: this.#limit };
  }

  /** What is left of the limit for model, adapter and training; undefined: any amount. */
  get forTraining(): number | undefined {
    return this.#limit === undefined ? undefined : this.#limit - this.#before;
  }
}

/** Tokens of the largest batch that the examples can make. */
export function largestBatch(examples: readonly Example[], { batchSize, batchTokens }: Settings): number {
  const lengths = examples.map((example) => example.tokens.length).sort((a, b) => b - a);
  const together = lengths.slice(0, batchSize).reduce((sum, length) => sum + length, 0);
  return batchTokens === null ? together : Math.max(lengths[0] ?? 0, Math.min(together, batchTokens));
}

function tooMuch(limit: number, before: number, need: MemoryNeed, tokens: number): EngramError {
  const size = (bytes: number): string =>
    bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
  const parts = [
    `the model ${size(need.model)}`,
    `the adapter ${size(need.adapter)}`,
    `${tokens === 1 ? 'one token' : `${tokens} tokens`} at a time ${size(need.least - need.model - need.adapter)}`,
    `the program itself ${size(before)}`,
  ];
  return new EngramError(
    'memory',
    `Training needs at least ${size(before + need.least)}, the limit is ${size(limit)}: ${parts.join(', ')}.`,
    {
      hint: 'Allow more, or take smaller batches, shorter examples, a lower rank, fewer layers or a smaller model.',
      details: { ...need, limit, least: before + need.least },
    },
  );
}
