// Runs a command line in a world of its own: streams that are kept, signals that are sent by hand, an API without a model.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Api } from '../../../src/cli/api.js';
import type { World } from '../../../src/cli/io.js';
import { run } from '../../../src/cli/run.js';
import { FakeApi } from '../../fakes/api.js';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** The one JSON value on stdout; throws if stdout is anything else. */
  json: () => unknown;
  /** What world.exit() was called with. */
  exits: number[];
  /** How often the process stopped itself. */
  suspended: number;
  /** Programs that were run, with their arguments. */
  launched: string[][];
}

export interface RunOptions {
  api?: Api;
  /** What stdin holds; a function writes it when it likes. */
  stdin?: string | ((stdin: PassThrough) => void);
  env?: Record<string, string>;
  /** Makes the streams terminals. */
  isTTY?: boolean;
  home?: string;
  /** Gets functions that send a Ctrl-C and a Ctrl-Z. */
  onStart?: (interrupt: () => void, suspend: () => void) => void;
}

/** Runs a command line and returns what it did. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const out: Record<'stdout' | 'stderr', string> = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr'): World['stdout'] => {
    const stream = new Writable({
      decodeStrings: false,
      write: (piece: string, _encoding, done) => {
        out[name] += piece;
        done();
      },
    });
    return Object.assign(stream, { isTTY: options.isTTY ?? false, columns: 100 });
  };
  const stdin = new PassThrough();
  if (typeof options.stdin === 'function') options.stdin(stdin);
  else stdin.end(options.stdin ?? '');
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const suspenders = new Set<() => void>();
  const suspended = { count: 0 };
  const launched: string[][] = [];
  const exits: number[] = [];
  const world: World = {
    stdin: Object.assign(stdin, { isTTY: options.isTTY ?? false }),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: { ENGRAM_HOME: options.home ?? mkdtempSync(join(tmpdir(), 'engram-cli-')), ...options.env },
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onSuspend: (listener) => {
      suspenders.add(listener);
      return () => suspenders.delete(listener);
    },
    suspend: () => {
      suspended.count++;
      return Promise.resolve();
    },
    launch: (program, args) => {
      launched.push([fileURLToPath(program), ...args]);
      return Promise.resolve(3);
    },
    exit: (code) => exits.push(code),
  };
  options.onStart?.(
    () => {
      for (const listener of listeners) listener('SIGINT');
    },
    () => {
      for (const listener of suspenders) listener();
    },
  );
  const api = options.api ?? new FakeApi();
  const code = await run(argv, world, () => Promise.resolve(api), '1.2.3');
  return { code, ...out, exits, suspended: suspended.count, launched, json: () => JSON.parse(out.stdout) as unknown };
}
