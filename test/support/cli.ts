// Runs the built command line in a process of its own, as a user does.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export function startCli(home: string, args: string[]): { child: ChildProcess; result: Promise<CliResult> } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ENGRAM_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (out.stdout += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (out.stderr += piece));
  const result = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, ...out });
    });
  });
  return { child, result };
}

export function cli(home: string, ...args: string[]): Promise<CliResult> {
  return startCli(home, args).result;
}
