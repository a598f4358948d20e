// Files that survive a crash: whole or not at all, written by one process at a time. Not here: what is in them.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join, basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, lock } from 'proper-lockfile';
import { EngramError, fromSystemError, isSystemError, throwIfCancelled } from './errors.js';

/** Writes a file so that a reader, or a crash at any moment, sees the old content or the new: temporary file in the same
 * folder, fsync, rename, fsync of the folder. Makes the folder. `data` may be in several pieces; `mode`: who may read it, by
 * default everybody that the umask lets. Throws `disk` when it is full or not writable. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
  mode = 0o666,
): Promise<void> {
  const temporary = temporaryName(path);
  await makeFolder(dirname(path));
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      // Each call goes on where the last one ended.
      for (const piece of Array.isArray(data) ? (data as readonly Uint8Array[]) : [data as string | Uint8Array]) {
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fromSystemError(error, path);
  }
}

/** Makes a folder and those above it, unless they are there. Throws `disk`. Node's own recursive mkdir never returns where
 * the system says that a folder's parent is missing though it is there, as it does below /proc. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder).catch(async (error: unknown) => {
      if (!isSystemError(error, 'ENOENT') || dirname(folder) === folder) throw error;
      await makeFolder(dirname(folder));
      await mkdir(folder);
    });
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) {
      if ((await stat(folder).catch(() => undefined))?.isDirectory() === true) return;
      throw new EngramError('disk', `A file is where a folder should be: ${folder}.`, { cause: error });
    }
    throw isSystemError(error, 'ENOENT')
      ? new EngramError('disk', `The folder cannot be made: ${folder}.`, {
          hint: 'Set ENGRAM_HOME (--home) to a folder you may write to.',
          cause: error,
        })
      : fromSystemError(error, folder);
  }
}

/** Puts a finished file in the place of another: fsync, rename, fsync of the folder. Both lie on one file system. */
export async function replaceFile(finished: string, path: string): Promise<void> {
  try {
    const file = await open(finished, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(finished, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

/** A name beside `path` that nobody else uses; a file left there by a crash can be deleted by its suffix `.tmp`. */
export function temporaryName(path: string): string {
  const unique = `${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  return join(dirname(path), `.${basename(path)}.${unique}.tmp`);
}

/** Makes a rename in this folder durable. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface HashOptions {
  signal?: AbortSignal | undefined;
  /** Called with the number of bytes of each piece read. */
  onBytes?: ((bytes: number) => void) | undefined;
}

/** SHA-256 of a file as 64 hexadecimal digits, read in pieces. Throws `not_found`, `disk`, `cancelled`. */
export async function sha256File(path: string, options: HashOptions = {}): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
      throwIfCancelled(options.signal);
      hash.update(piece as Buffer);
      options.onBytes?.((piece as Buffer).length);
    }
  } catch (error) {
    throw fromSystemError(error, path);
  }
  return hash.digest('hex');
}

/** Bytes that this user may still write into the file system of `path`, which need not exist yet. */
export async function freeSpace(path: string): Promise<number> {
  let folder = resolve(path);
  for (;;) {
    try {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    } catch (error) {
      const parent = dirname(folder);
      if (!isSystemError(error, 'ENOENT') || parent === folder) throw fromSystemError(error, path);
      folder = parent;
    }
  }
}

/** Left free beside what is asked for, bytes: ledgers and logs go on being written. */
const SPARE_BYTES = 64 * 2 ** 20;

/** Throws `disk` unless `bytes` (and a little more) can be written at `path`. `what` completes "No room for …". */
export async function requireSpace(path: string, bytes: number, what: string): Promise<void> {
  const free = await freeSpace(path);
  const needed = bytes + SPARE_BYTES;
  if (free >= needed) return;
  throw new EngramError(
    'disk',
    `No room for ${what}: it needs ${megabytes(needed)}, and ${megabytes(free)} are free at ${path}.`,
    {
      hint: 'Free some space, or set ENGRAM_HOME (--home) to a folder on a larger disk.',
      details: { needed, free },
    },
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

export interface LockOptions {
  /** Completes "Another process is …", e.g. `training the brain "default"`. */
  doing: string;
  /** Milliseconds to wait for the other process. Default 7500: longer than a lock outlives a process that was killed. */
  waitMs?: number;
  signal?: AbortSignal | undefined;
  /** Called once when there is something to wait for. */
  onWait?: (() => void) | undefined;
}

/** A lock whose holder was killed is free after this many milliseconds; a living holder renews it four times as often. */
const STALE_MS = 6_000;
const POLL_MS = 100;

/** Runs `action` while this process alone holds the lock of `path` (a folder `<path>.lock` beside it; `path` itself need
 * not exist). The signal given to `action` is aborted if the lock is lost, say because the machine slept, or when
 * `options.signal` is. Throws `locked` when another process keeps it, `cancelled`, `disk`. */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const release = await acquire(path, options, (error) => {
    lost.abort(error);
  });
  const signal = options.signal === undefined ? lost.signal : AbortSignal.any([lost.signal, options.signal]);
  try {
    return await action(signal);
  } finally {
    // A lock that was lost meanwhile cannot be released; the action has been told through its signal.
    await release().catch(() => undefined);
  }
}

/** Whether a process holds the lock of `path`, or did until a few seconds ago. Throws `disk`. */
export async function isLocked(path: string): Promise<boolean> {
  try {
    return await check(path, { realpath: false, stale: STALE_MS });
  } catch (error) {
    throw fromSystemError(error, `${path}.lock`);
  }
}

async function acquire(
  path: string,
  options: LockOptions,
  onLost: (error: Error) => void,
): Promise<() => Promise<void>> {
  const deadline = Date.now() + (options.waitMs ?? 7_500);
  await makeFolder(dirname(path));
  for (let first = true; ; first = false) {
    throwIfCancelled(options.signal);
    try {
      return await lock(path, { realpath: false, stale: STALE_MS, update: STALE_MS / 4, onCompromised: onLost });
    } catch (error) {
      if (!isSystemError(error, 'ELOCKED')) throw fromSystemError(error, `${path}.lock`);
      if (Date.now() >= deadline) {
        throw new EngramError('locked', `Another process is ${options.doing}.`, {
          hint: 'Wait until it is done, or stop it.',
          cause: error,
          details: { path },
        });
      }
    }
    if (first) options.onWait?.();
    await sleep(POLL_MS);
  }
}
