// What a run leaves in its folder to be looked at, beside metrics.jsonl: TensorBoard's event files, and loss.svg, drawn anew
// after each evaluation and at the end. Not here: metrics.jsonl itself, which must have a record before this gets it.
import { join } from 'node:path';
import { EngramError } from '../../errors.js';
import type { MetricsRecord, MetricsSink } from '../metrics.js';
import { plotRun } from './plot.js';
import { TensorBoardSink } from './tensorboard.js';

export class RunLogs implements MetricsSink {
  readonly #folder: string;
  readonly #tensorboard: TensorBoardSink;

  /** `step`: that the run goes on from; 0 for a new one. */
  constructor(folder: string, step: number) {
    this.#folder = folder;
    this.#tensorboard = new TensorBoardSink(join(folder, 'tensorboard'), { step });
  }

  /** Throws `disk`. */
  async write(record: MetricsRecord): Promise<void> {
    await this.#tensorboard.write(record);
    if (record.kind === 'evaluation') await this.#draw();
  }

  /** Throws `disk`. */
  async close(): Promise<void> {
    await this.#tensorboard.close();
    await this.#draw();
  }

  async #draw(): Promise<void> {
    try {
      await plotRun(this.#folder);
    } catch (error) {
      // A run that ended before its first step has nothing to show.
      if (!(error instanceof EngramError && (error.code === 'empty' || error.code === 'not_found'))) throw error;
    }
  }
}
