// The runs of `train`, each a folder <home>/runs/<id>/: run.json (what was asked for, of which data and model, and how it
// ended), metrics.jsonl, checkpoints/. Not here: training (train-file.ts).
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkName, suggest } from '../config.js';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { isLocked, withLock, writeFileAtomic } from '../files.js';
import type { Precision } from './native.js';
import type { FlatOptions } from './request.js';
import type { RunResult } from './run-options.js';
import type { TrainSettings } from './train-settings.js';

export interface DataFile {
  path: string;
  sha256: string;
}

export interface RunRecord {
  /** Version of this format. */
  format: 1;
  id: string;
  /** Name that the adapter gets. */
  adapter: string;
  /** ISO 8601. */
  createdAt: string;
  endedAt?: string | undefined;
  /** `running` also where the process was killed. */
  status: 'running' | 'cancelled' | 'failed' | 'diverged' | 'done';
  model: { name: string; sha256: string };
  /** How the weights are held, for all of the run. Absent in runs of earlier versions. */
  precision?: Precision;
  data: { train: DataFile; validation?: DataFile; test?: DataFile };
  /** Options as they were given, and what follows from them. */
  request: FlatOptions & { file: string };
  settings: TrainSettings;
  /** Of settings, model and the examples made of the data. */
  fingerprint: string;
  result?: RunResult | undefined;
  error?: { code: string; message: string } | undefined;
}

export interface StoredRun {
  record: RunRecord;
  folder: string;
  /** Whether a process trains it now. */
  active: boolean;
  /** Whether `train --resume` can go on with it. */
  resumable: boolean;
}

const RECORD = 'run.json';

export class RunStore {
  readonly #folder: string;

  constructor(home: string) {
    this.#folder = join(home, 'runs');
  }

  /** All that can be read, oldest first. */
  async list(): Promise<StoredRun[]> {
    const found = await Promise.all((await this.#names()).map((id) => this.#read(id).catch(() => undefined)));
    const runs = found.filter((run) => run !== undefined);
    return runs.sort((a, b) => a.record.createdAt.localeCompare(b.record.createdAt));
  }

  /** Throws `not_found` (with a guess at what was meant), `corrupt`, `unsupported`. */
  async find(id: string): Promise<StoredRun> {
    const run = await this.#read(checkName(id, 'the run'));
    if (run !== undefined) return run;
    const guess = suggest(id, await this.#names());
    throw new EngramError('not_found', `There is no run "${id}".`, {
      hint: guess === undefined ? 'See `engram runs list`.' : `Did you mean "${guess}"?`,
    });
  }

  /** The latest that did not come to its end. The lock of one that was killed a moment ago still stands, so it is not asked for
   * here. Throws `not_found`. */
  async latestUnfinished(): Promise<StoredRun> {
    const run = (await this.list()).findLast(({ record }) => !isOver(record));
    if (run !== undefined) return run;
    throw new EngramError('not_found', 'There is no run to go on with.', { hint: 'See `engram runs list`.' });
  }

  /** A free id that says which adapter and when. */
  async newId(adapter: string, now = new Date()): Promise<string> {
    const when = now
      .toISOString()
      .replace(/\.\d+Z$/, '')
      .replaceAll(/[-:]/g, '')
      .replace('T', '-');
    const taken = await this.#names();
    for (let n = 1; ; n++) {
      const id = `${Array.from(adapter).slice(0, 24).join('')}-${when}${n === 1 ? '' : `-${n}`}`;
      if (!taken.includes(id)) return id;
    }
  }

  folderOf(id: string): string {
    return join(this.#folder, id);
  }

  /** Throws `disk`. */
  async write(record: RunRecord): Promise<void> {
    await writeFileAtomic(join(this.folderOf(record.id), RECORD), `${JSON.stringify(record, undefined, 2)}\n`);
  }

  /** Deletes a run and its checkpoints; its adapter stays. Throws `not_found`, `locked` while it is trained. */
  async remove(id: string): Promise<void> {
    const { folder } = await this.find(id);
    await this.alone(id, undefined, async () => {
      await rm(folder, { recursive: true, force: true });
    });
  }

  /** One process at a time trains a run. Throws `locked`. */
  alone<T>(id: string, signal: AbortSignal | undefined, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withLock(this.#lock(id), { doing: `training the run "${id}"`, signal }, action);
  }

  /** One process at a time trains an adapter: of two, one would find the name taken in the end. Throws `locked`. */
  aloneWith<T>(
    adapter: string,
    signal: AbortSignal | undefined,
    action: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withLock(
      join(this.#folder, `.for-${adapter}`),
      { doing: `training the adapter "${adapter}"`, signal },
      action,
    );
  }

  /** Beside the folder, so that the run can be deleted; no id starts with a dot. */
  #lock(id: string): string {
    return join(this.#folder, `.${id}`);
  }

  async #names(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw fromSystemError(error, this.#folder);
    }
  }

  async #read(id: string): Promise<StoredRun | undefined> {
    const folder = this.folderOf(id);
    const path = join(folder, RECORD);
    let json: string;
    try {
      json = await readFile(path, 'utf8');
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw fromSystemError(error, path);
    }
    const record = parseRecord(json, path);
    const active = await isLocked(this.#lock(id));
    const resumable = !active && !isOver(record);
    return { record, folder, active, resumable };
  }
}

/** Trained to its end, or to where it would end again. */
export function isOver({ status }: RunRecord): boolean {
  return status === 'done' || status === 'diverged';
}

function parseRecord(json: string, path: string): RunRecord {
  let record: Partial<RunRecord> | null;
  try {
    record = JSON.parse(json) as Partial<RunRecord> | null;
  } catch (error) {
    throw new EngramError('corrupt', `${path} is not JSON.`, { cause: error });
  }
  if (typeof record !== 'object' || record === null) throw new EngramError('corrupt', `${path} is no run.`);
  if (record.format !== 1) {
    throw new EngramError('unsupported', `${path} has a format that this engram does not know.`, {
      hint: 'It was written by a later version.',
    });
  }
  const isSound =
    typeof record.id === 'string' &&
    typeof record.adapter === 'string' &&
    typeof record.createdAt === 'string' &&
    typeof record.fingerprint === 'string' &&
    typeof record.model?.sha256 === 'string' &&
    typeof record.data?.train.path === 'string' &&
    typeof record.request?.file === 'string' &&
    typeof record.settings?.data.maxTokens === 'number';
  if (!isSound) throw new EngramError('corrupt', `${path} lacks fields of a run.`);
  return record as RunRecord;
}
