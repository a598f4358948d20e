// One writer of a brain at a time, among all processes. The lock is an exclusive SQLite transaction on an empty file: the
// operating system drops it in the moment its process dies, however it dies, so that there are no stale locks to guess at.
// Not here: readers, which need no lock.
//
// Nothing else may open and close that file: POSIX drops a process's locks on a file with any of its descriptors.
import { accessSync, constants, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'libsql';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { translate } from './sqlite.js';

const LOCK = { name: 'lock of this brain', hint: 'Delete the file; it holds nothing.' };

interface Holder {
  pid: number;
  /** ISO 8601. */
  since: string;
  /** Completes "process 12 is …", e.g. `memorizing`. */
  doing: string;
}

/** Takes the lock of a brain's folder at once or throws `locked` with who has it, `disk` if it cannot be written to. Returns what
 * gives it back. */
export function takeWriterLock(folder: string, doing: string): () => void {
  const path = join(folder, 'writer.lock');
  const note = join(folder, 'writer.json');
  let database: Database.Database | undefined;
  try {
    accessSync(folder, constants.W_OK); // SQLite would lock a file that it can only read
    database = new Database(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const ours = fromSystemError(translate(error, path, LOCK), folder);
    throw ours instanceof EngramError && ours.code === 'locked' ? lockedBy(readHolder(note), error) : ours;
  }
  // For the other's hint only. A killed process leaves it behind, and the next holder writes its own over it.
  const holder: Holder = { pid: process.pid, since: new Date().toISOString(), doing };
  try {
    writeFileSync(note, JSON.stringify(holder));
  } catch {
    // A lock without a note still locks.
  }
  const held = database;
  return () => {
    rmSync(note, { force: true });
    held.exec('ROLLBACK');
    held.close();
  };
}

/** Who writes a folder in this process: the last one to have asked. */
const writing = new Map<string, Promise<unknown>>();

/** Waiting for another process to be done. */
export interface WaitForWriter {
  /** Called once, with who is waited for, in words. */
  onWait?: ((who: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks. */
const LOOK = 200;

/** Runs an action as the only writer of a brain's folder. Calls in one process wait for each other. Another process is waited for
 * if `wait` is given, until `cancelled`; else the call throws `locked` at once. */
export function withWriterLock<T>(
  folder: string,
  doing: string,
  action: () => Promise<T>,
  wait?: WaitForWriter,
): Promise<T> {
  const run = async (): Promise<T> => {
    const release = wait === undefined ? takeWriterLock(folder, doing) : await waitForLock(folder, doing, wait);
    try {
      return await action();
    } finally {
      release();
    }
  };
  const result = (writing.get(folder) ?? Promise.resolve()).then(run);
  const settled = result
    .catch(() => undefined)
    .then(() => {
      if (writing.get(folder) === settled) writing.delete(folder);
    });
  writing.set(folder, settled);
  return result;
}

async function waitForLock(folder: string, doing: string, { onWait, signal }: WaitForWriter): Promise<() => void> {
  for (let isTold = false; ; isTold = true) {
    throwIfCancelled(signal);
    try {
      return takeWriterLock(folder, doing);
    } catch (error) {
      if (!(error instanceof EngramError) || error.code !== 'locked') throw error;
      if (!isTold) onWait?.(error.message);
    }
    await setTimeout(LOOK, undefined, { signal }).catch(() => undefined); // whether it was cancelled is asked above
  }
}

function readHolder(note: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(note, 'utf8')) as Partial<Holder>;
    const { pid, since, doing } = holder;
    if (typeof pid !== 'number' || typeof since !== 'string' || typeof doing !== 'string') return undefined;
    return { pid, since, doing };
  } catch {
    return undefined; // between taking the lock and writing the note
  }
}

function lockedBy(holder: Holder | undefined, cause: unknown): EngramError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid}, ${holder.doing} since ${holder.since}`;
  return new EngramError('locked', `The brain is being changed by ${who}.`, {
    hint: 'Wait until it is done, or stop it. Asking questions works meanwhile.',
    cause,
    ...(holder === undefined ? {} : { details: { ...holder } }),
  });
}
