#!/usr/bin/env node
// The program `engram`: the real streams and signals around run(). What is heavy is imported when a command asks for it, so
// that --help answers at once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Api } from './api.js';
import type { World } from './io.js';
import { run } from './run.js';

/** Milliseconds after which a handle that some library left open no longer keeps the shell waiting. */
const LINGER_MS = 3_000;

const world: World = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onInterrupt: (listener) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  onSuspend: (listener) => {
    if (process.platform === 'win32') return () => undefined; // has no such signal
    process.on('SIGTSTP', listener);
    return () => process.off('SIGTSTP', listener);
  },
  suspend: () =>
    new Promise((resolve) => {
      process.once('SIGCONT', resolve);
      process.kill(process.pid, 'SIGSTOP');
    }),
  launch: async (program, args, signal) => {
    const child = spawn(process.execPath, [fileURLToPath(program), ...args], { stdio: 'inherit' });
    const stop = () => child.kill();
    signal.addEventListener('abort', stop);
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      return code ?? 1;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  },
  exit: (code) => process.exit(code),
};

// `engram memories | head -1`: whoever read our output has gone, and so do we.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

// A file beyond `ulimit -f` is a write that fails and can be told of, not the end of the process.
if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined);

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const load = async (): Promise<Api> => import('../index.js');
process.exitCode = await run(process.argv.slice(2), world, load, version);
setTimeout(() => process.exit(), LINGER_MS).unref();
