// A thread that looks ten times a second at what the process it lives in holds and has computed, and ends the process, with the
// reason on stderr, where that is too much, or where nobody is left who asked. It runs whatever the other thread does, on every
// system. Not here: waiting that costs nothing, which whoever asked notices.
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { REASONS } from './messages.js';

const LOOK_MS = 100;

export interface Watchdog {
  /** What comes may compute so many milliseconds. */
  begin: (mostMs: number) => void;
  end: () => void;
}

/** @param mostBytes that the process may hold in memory */
export function startWatchdog(mostBytes: number): Watchdog {
  // Milliseconds of computing after which it is too much; 0 while there is nothing to do.
  const deadline = new Float64Array(new SharedArrayBuffer(8));
  new Worker(new URL(import.meta.url), { workerData: { deadline, mostBytes } }).unref();
  return {
    begin: (mostMs) => {
      deadline[0] = computedMs() + mostMs;
    },
    end: () => {
      deadline[0] = 0;
    },
  };
}

/** Of all threads, in milliseconds. */
function computedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Whoever started it; another one has it when that has been killed. */
const parent = process.ppid;

function look({ deadline, mostBytes }: { deadline: Float64Array; mostBytes: number }): void {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  if (process.memoryUsage.rss() > mostBytes) end(REASONS.too_much_memory);
  const most = deadline[0]!;
  if (most > 0 && computedMs() > most) end(REASONS.too_slow);
}

function end(reason: string): void {
  writeSync(2, `\n${reason}\n`);
  process.kill(process.pid, 'SIGKILL');
}

if (!isMainThread && (workerData as object | null) !== null && 'mostBytes' in (workerData as object)) {
  setInterval(look, LOOK_MS, workerData);
}
