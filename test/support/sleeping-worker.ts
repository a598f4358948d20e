// Processes of workers that sleep in place of learning (scripts/bench/scale/sleeping-worker.mjs), to be killed and stopped.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../scripts/bench/scale/sleeping-worker.mjs', import.meta.url));

/** The model that their brains belong to. */
export const NO_MODEL = { name: 'none', sha256: '0'.repeat(64) };

export interface WorkerOptions {
  address: string;
  home: string;
  /** How long a memory takes. */
  seconds: number;
  /** Of an adapter. */
  bytes: number;
  leaseSeconds: number;
  pollSeconds: number;
  once?: boolean;
}

export interface WorkerProcess {
  child: ChildProcess;
  /** What it has said: `taken <job> <attempt>`, `trained`, `committed`, `ended <job> <became>`. */
  said: string[];
  /** What it said on stderr. */
  errors: () => string;
  /** When the process is gone. */
  gone: Promise<unknown>;
}

/** `hear`: each line as it comes. */
export function startWorker(options: WorkerOptions, hear: (line: string) => void = () => undefined): WorkerProcess {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line);
    hear(line);
  });
  return { child, said, errors: () => errors, gone: once(child, 'close') };
}
