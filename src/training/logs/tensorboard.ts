// The curves of a run for TensorBoard: <folder>/{train,validation,test}/events.out.tfevents.*, so that it draws the splits
// into one chart. Files are only added to, a whole record at a time, and a run that goes on begins new ones: whatever kills
// the process, all but the last record can be read, also while it is written. Not here: the bytes (event-file.ts).
import { open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError } from '../../errors.js';
import { makeFolder } from '../../files.js';
import type { MetricsRecord, MetricsSink } from '../metrics.js';
import { scalarRecord, startRecord, versionRecord, type Scalar } from './event-file.js';

export interface TensorBoardOptions {
  /** The step that a run goes on from; what earlier files hold of later steps is dropped by TensorBoard. Default 0: a new run. */
  step?: number;
}

type Split = MetricsRecord['split'];

export class TensorBoardSink implements MetricsSink {
  readonly #folder: string;
  readonly #step: number;
  readonly #files = new Map<Split, FileHandle>();

  /** Nothing is written before the first record. */
  constructor(folder: string, { step = 0 }: TensorBoardOptions = {}) {
    this.#folder = folder;
    this.#step = step;
  }

  /** Throws `disk`. */
  async write(record: MetricsRecord): Promise<void> {
    const scalars = scalarsOf(record);
    try {
      const file = this.#files.get(record.split) ?? (await this.#begin(record.split));
      await file.appendFile(scalarRecord(now(), record.step, scalars));
    } catch (error) {
      throw fromSystemError(error, this.#folder);
    }
  }

  /** Throws `disk`. */
  async close(): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    try {
      for (const file of files) {
        await file.sync();
        await file.close();
      }
    } catch (error) {
      throw fromSystemError(error, this.#folder);
    }
  }

  async #begin(split: Split): Promise<FileHandle> {
    const folder = join(this.#folder, split);
    await makeFolder(folder);
    const earlier = await readdir(folder);
    // Read in the order of their names: by the second, then by the number. TensorBoard asks for "tfevents" in them.
    const number = String(earlier.length).padStart(6, '0');
    const path = join(folder, `events.out.tfevents.${Math.floor(now())}.engram.${number}`);
    const file = await open(path, 'ax');
    this.#files.set(split, file);
    const start = earlier.length > 0 ? [startRecord(now(), this.#step + 1)] : [];
    await file.appendFile(Buffer.concat([versionRecord(now()), ...start]));
    return file;
  }
}

/** The curves of a record. Means over an epoch of training are another curve than that of its steps. */
function scalarsOf(record: MetricsRecord): Scalar[] {
  const prefix = record.kind === 'evaluation' && record.split === 'train' ? 'epoch_' : '';
  const scalars: Scalar[] = [{ tag: `${prefix}loss`, value: record.loss }];
  const add = (tag: string, value: number | undefined): void => {
    if (value !== undefined) scalars.push({ tag, value });
  };
  add(`${prefix}accuracy`, record.accuracy);
  add('learning_rate', record.learningRate);
  add('gradient_norm', record.gradNorm);
  add('tokens_per_second', record.tokensPerSecond);
  add('epoch', record.kind === 'step' ? record.epoch : undefined);
  return scalars;
}

/** Seconds since 1970. */
function now(): number {
  return Date.now() / 1000;
}
