// What a training run measures, and where it goes: one record per step and per evaluation, handed to every sink. Not here:
// the sinks that draw or export (logs), nor the run that measures (run.ts).

export interface MetricsRecord {
  /** A step of the optimizer, or a pass over a whole split at unchanged weights. */
  kind: 'step' | 'evaluation';
  /** Steps taken so far. */
  step: number;
  /** Counted from 1. */
  epoch: number;
  split: 'train' | 'validation' | 'test';
  /** Mean cross-entropy per token, in nats. Of a step: before its update. */
  loss: number;
  /** Share of the tokens with a loss that the model ranks first, 0 to 1. */
  accuracy?: number;
  learningRate?: number;
  gradNorm?: number;
  tokensPerSecond?: number;
  /** Milliseconds of training since the run began, pauses left out. */
  timeMs: number;
}

export interface MetricsSink {
  write(record: MetricsRecord): void | Promise<void>;
  /** Called once, however the run ends. */
  close(): Promise<void>;
}
