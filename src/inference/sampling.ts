// How the next token is chosen: the checks and defaults of the sampling settings. Not here: the sampling.
import { EngramError } from '../errors.js';
import type { GenerateOptions } from './types.js';

export interface Sampling {
  temperature: number;
  topK?: number;
  topP?: number;
  minP?: number;
  seed?: number;
}

/** Throws `usage` for a value that cannot be. */
export function sampling(options: GenerateOptions): Sampling {
  const { temperature = 0, topK = 40, topP = 0.95, minP = 0.05, seed = randomSeed() } = options;
  check('temperature', temperature, 0, Number.MAX_VALUE);
  check('topK', topK, 0, 2 ** 31 - 1);
  check('topP', topP, 0, 1);
  check('minP', minP, 0, 1);
  check('seed', seed, 0, 2 ** 32 - 1);
  return temperature === 0 ? { temperature } : { temperature, topK, topP, minP, seed: Math.floor(seed) };
}

/** Tokens to generate at most. Throws `usage`. */
export function mostTokens(options: GenerateOptions): number {
  const { maxTokens = 512 } = options;
  if (maxTokens !== Number.POSITIVE_INFINITY) check('maxTokens', maxTokens, 0, Number.MAX_SAFE_INTEGER);
  return Math.floor(maxTokens);
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isFinite(value) && value >= least && value <= most) return;
  const range =
    most === Number.MAX_VALUE || most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new EngramError('usage', `Expected a number ${range} for ${name} but received ${value}.`);
}

function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
