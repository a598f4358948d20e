// Keeping a library up to date: brings it up to date once, then again each time something below the given paths has changed and
// has been still for a moment. What has changed is found out by ingest, which knows hashes and ignore files; the watcher only
// says that it is time. Not here: reading and storing (ingest.ts).
import { setTimeout as sleep } from 'node:timers/promises';
import { basename } from 'node:path';
import { EngramError } from '../errors.js';
import { NEVER_READ, IGNORE_FILES } from './walk.js';
import type { IngestReport } from './types.js';

export interface WatchTiming {
  /** Milliseconds without a change before it is read. Default 500. */
  stillMs?: number | undefined;
  /** Milliseconds before a run that failed (another process changes the brain, a full disk) is tried again. Default 5000. */
  retryMs?: number | undefined;
}

export interface WatchTask extends WatchTiming {
  roots: readonly string[];
  /** Brings the library up to date. */
  ingest: () => Promise<IngestReport>;
  /** After each run, the first too. */
  onReport: (report: IngestReport) => void;
  /** A later run has failed; it is tried again. */
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

/** Ends when `signal` is aborted. Throws what the first run throws, and `unsupported` if the system cannot watch so much. */
export async function watch({
  roots,
  ingest,
  onReport,
  onError,
  signal,
  stillMs = 500,
  retryMs = 5000,
}: WatchTask): Promise<void> {
  const { default: chokidar } = await import('chokidar');
  const events = new Events();
  const watcher = chokidar.watch([...roots], {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) =>
      !roots.includes(path) && NEVER_READ.test(basename(path)) && !IGNORE_FILES.includes(basename(path)),
  });
  const failure = new Promise<never>((_, reject) => {
    watcher.on('error', (error) => {
      reject(cannotWatch(error));
    });
  });
  failure.catch(() => undefined); // it may come when nobody waits any more
  const isOver = (): boolean => signal.aborted;
  const wake = (): void => {
    events.happened();
  };
  signal.addEventListener('abort', wake);
  try {
    // Before the first run, so that nothing that changes during it is missed.
    await Promise.race([new Promise<void>((resolve) => watcher.once('ready', resolve)), failure, events.after(0)]);
    watcher.on('all', wake);
    let isFirst = true;
    while (!isOver()) {
      const seen = events.count;
      try {
        onReport(await ingest());
        isFirst = false;
      } catch (error) {
        if (isOver()) return;
        if (isFirst) throw error;
        onError(error);
        await Promise.race([pause(retryMs, signal), failure]);
        continue;
      }
      await Promise.race([events.after(seen), failure]);
      for (let last = -1; last !== events.count && !isOver();) {
        last = events.count;
        await pause(stillMs, signal);
      }
    }
  } finally {
    signal.removeEventListener('abort', wake);
    await watcher.close();
  }
}

/** Counts what happens, and tells who waits for it. */
class Events {
  count = 0;
  #waiting: (() => void)[] = [];

  happened(): void {
    this.count++;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Resolves once more than `seen` have happened. */
  after(seen: number): Promise<void> {
    if (this.count > seen) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Ends early, and without an error, when `signal` is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function cannotWatch(error: unknown): EngramError {
  return new EngramError('unsupported', `The system cannot watch these folders: ${String(error)}.`, {
    hint: 'They may be too many for its limit (on Linux fs.inotify.max_user_watches). Run ingest without --watch from time to time.',
    cause: error,
  });
}
