// Hands over to the compiled command line: same terminal, same exit code, signals passed on.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { at } from './paths.mjs';

/** Runs `engram ...args` and returns its exit code (128 + signal number if a signal ended it). */
export function engram(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [at('dist', 'cli', 'main.js'), ...args], { stdio: 'inherit' });
    // Ctrl-C reaches the child from the terminal itself. Here it must only not end this process before the child.
    process.on('SIGINT', () => undefined);
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
