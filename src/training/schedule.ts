// The learning rate of each step: a linear warm-up, then constant, linear to zero, or half a cosine to zero.

export type ScheduleKind = 'constant' | 'linear' | 'cosine';

export interface ScheduleOptions {
  /** Default constant. */
  kind?: ScheduleKind;
  /** Rate at the end of the warm-up. */
  learningRate: number;
  /** Steps before the full rate; the first of them takes 1 / (warmupSteps + 1) of it. Default 0. */
  warmupSteps?: number;
  /** Steps in all, warm-up included; the one after the last would have rate zero (linear and cosine). */
  steps: number;
}

/** Rate of a step, counted from 0. Steps past the end keep the last step's rate. */
export function rateAt(step: number, options: ScheduleOptions): number {
  const { kind = 'constant', learningRate, warmupSteps = 0, steps } = options;
  if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
  if (kind === 'constant') return learningRate;
  const past = Math.min(step, Math.max(steps, warmupSteps + 1) - 1) - warmupSteps;
  const share = past / Math.max(1, steps - warmupSteps); // of the decay that is done, below 1
  return kind === 'linear' ? learningRate * (1 - share) : learningRate * 0.5 * (1 + Math.cos(Math.PI * share));
}
