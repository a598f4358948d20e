// Where a run stands after a whole step: everything beside the adapter and the optimizer that what comes next depends on.
// It is plain JSON, so that a checkpoint can hold it. Not here: the loop that moves it on (run.ts).
import type { BatchLoss } from './types.js';

/** Losses and right tokens, summed over examples. */
export interface Sum {
  /** Σ weights·CE and Σ weights. */
  sumLoss: number;
  sumWeights: number;
  /** Tokens with a weight, and those that the model ranks first. */
  tokens: number;
  correct: number;
}

/** Of a split, or of the steps of an epoch. */
export interface Measured {
  /** Mean per token, nats. */
  loss: number;
  /** Share of the tokens that the model ranks first. */
  accuracy: number;
}

export interface EpochResult {
  /** Mean loss per token: in training each batch before its update, in validation after the epoch. */
  train: number;
  validation: number | null;
  trainAccuracy: number;
  validationAccuracy: number | null;
}

/** The lowest validation loss so far. */
export interface Best extends Measured {
  step: number;
  epoch: number;
  /** Name of its checkpoint; null where there is none. */
  checkpoint: string | null;
}

export interface RunState {
  /** Steps taken. */
  step: number;
  /** Counted from 1. */
  epoch: number;
  /** Steps taken in this epoch. */
  position: number;
  /** Of this epoch so far. */
  sums: Sum;
  /** Of the first epoch. */
  firstEpoch: Sum | null;
  /** The last validation, and the step it was done after. */
  validated: (Measured & { step: number }) | null;
  best: Best | null;
  /** Validations in a row that were no better. */
  stale: number;
  /** Steps in a row whose loss was beyond what is sane. */
  hot: number;
  epochs: EpochResult[];
  /** Time spent, without pauses, and tokens through the model. */
  seconds: number;
  computedTokens: number;
  /** Length of metrics.jsonl. */
  metricsBytes: number;
}

export const NOTHING: Readonly<Sum> = Object.freeze({ sumLoss: 0, sumWeights: 0, tokens: 0, correct: 0 });

export function firstState(): RunState {
  return {
    step: 0,
    epoch: 1,
    position: 0,
    sums: NOTHING,
    firstEpoch: null,
    validated: null,
    best: null,
    stale: 0,
    hot: 0,
    epochs: [],
    seconds: 0,
    computedTokens: 0,
    metricsBytes: 0,
  };
}

export function plus(a: Sum, b: Sum): Sum {
  return {
    sumLoss: a.sumLoss + b.sumLoss,
    sumWeights: a.sumWeights + b.sumWeights,
    tokens: a.tokens + b.tokens,
    correct: a.correct + b.correct,
  };
}

export function sumOf({ examples }: BatchLoss): Sum {
  return examples.reduce<Sum>(plus, NOTHING);
}

export function measuredOf(sum: Sum): Measured {
  return { loss: sum.sumLoss / sum.sumWeights, accuracy: sum.correct / sum.tokens };
}
