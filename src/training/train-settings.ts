// Everything that decides which adapter a run makes, with all defaults filled in. Not here: filling them in (request.ts).
import type { Settings } from './run-options.js';
import type { LoraOptions, OptimizerOptions } from './types.js';

/** How rows become examples. */
export interface DataOptions {
  format: 'jsonl' | 'text' | 'labels';
  /** Of labels: how a text is asked about, if not in the usual words. */
  prompt?: string;
  /** Share of the rows, or `file` where it is one of its own. */
  validation: number | 'file';
  test: number | 'file';
  /** Tokens that a conversation may have, and that a text is cut into pieces of. */
  maxTokens: number;
  textTokens: number;
}

/** Everything that decides which adapter comes out, beside data and model; defaults filled in. */
export interface TrainSettings {
  data: DataOptions;
  lora: LoraOptions;
  optimizer: Required<OptimizerOptions>;
  run: Settings;
}
