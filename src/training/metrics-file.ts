// metrics.jsonl of a run: one record a line, in the order they were measured. A run that goes on later cuts off what came
// after its checkpoint, so the file of a resumed run is that of an unbroken one. Not here: what is measured (metrics.ts).
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromSystemError } from '../errors.js';
import { makeFolder } from '../files.js';
import type { MetricsRecord, MetricsSink } from './metrics.js';

export class MetricsFile implements MetricsSink {
  readonly path: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(path: string, file: FileHandle, bytes: number) {
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Opens the file to add to it, keeping its first `keep` bytes. Throws `disk`. */
  static async open(path: string, keep = 0): Promise<MetricsFile> {
    let file: FileHandle | undefined;
    try {
      await makeFolder(dirname(path));
      file = await open(path, 'a+');
      const bytes = Math.min(keep, (await file.stat()).size);
      await file.truncate(bytes);
      return new MetricsFile(path, file, bytes);
    } catch (error) {
      await file?.close();
      throw fromSystemError(error, path);
    }
  }

  async write(record: MetricsRecord): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      await this.#file.appendFile(line);
    } catch (error) {
      throw fromSystemError(error, this.path);
    }
    this.#bytes += line.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What was written is then on the disk. Throws `disk`. */
  async sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      throw fromSystemError(error, this.path);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
