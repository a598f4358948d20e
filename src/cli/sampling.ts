// Reads the options of SAMPLING and GROUNDING. Not here: their ranges, which the API checks.
import type { AskOptions } from '../index.js';
import type { Options } from './command.js';
import { numberOf } from './input.js';

export function samplingOf(
  options: Options,
): Pick<AskOptions, 'maxTokens' | 'temperature' | 'topK' | 'topP' | 'seed' | 'passages'> {
  return {
    passages: numberOf(options, 'passages', '--passages'),
    maxTokens: numberOf(options, 'maxTokens', '--max-tokens'),
    temperature: numberOf(options, 'temperature', '--temperature'),
    topK: numberOf(options, 'topK', '--top-k'),
    topP: numberOf(options, 'topP', '--top-p'),
    seed: numberOf(options, 'seed', '--seed'),
  };
}
