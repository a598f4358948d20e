// The servers that are measured: a process each, over the same GGUF with the same number of contexts of the same size.
// Not here: who asks them (clients.mjs).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { at } from '../../set-up/paths.mjs';
import { SetUpProblem } from '../../set-up/problem.mjs';
import { interruption } from '../child.mjs';

const START_MS = 120_000;
const HOST = '127.0.0.1';

/** @typedef {{ url: string, peakRssMb: () => number | undefined, end: () => Promise<void> }} Server */

/** @param {{ model: string, slots: number, contextSize: number, threads: number }} options
 * @returns {Promise<Server>} */
export async function startEngram(options) {
  const { model, slots, contextSize, threads } = options;
  const home = mkdtempSync(join(tmpdir(), 'engram-bench-serve-'));
  const port = await freePort();
  const program = [at('dist', 'cli', 'main.js'), 'serve', '--no-auth', '--quiet', '--port', port, '--home', home];
  const numbers = ['--parallel', slots, '--context', contextSize, '--threads', threads];
  const server = new Process(process.execPath, [...program, '--model', model, ...numbers], port);
  server.after = () => rmSync(home, { recursive: true, force: true });
  return server.ready('/health');
}

/** llama-server with the context that all its slots share.
 * @returns {Promise<Server>} */
export function startLlamaServer(path, { model, slots, contextSize, threads }) {
  return freePort().then((port) => {
    const numbers = ['--parallel', slots, '--ctx-size', slots * contextSize, '--threads', threads];
    return new Process(path, ['--model', model, '--host', HOST, '--port', port, ...numbers], port).ready('/health');
  });
}

class Process {
  #child;
  #said = '';
  #ended;

  constructor(command, args, port) {
    this.url = `http://${HOST}:${port}`;
    this.#child = spawn(command, args.map(String), { stdio: ['ignore', 'ignore', 'pipe'], signal: interruption });
    this.#child.stderr.on('data', (data) => (this.#said = `${this.#said}${data}`.slice(-2000)));
    this.#ended = new Promise((resolve) => this.#child.on('error', resolve).on('close', resolve));
    this.pid = this.#child.pid;
  }

  async ready(path) {
    const until = Date.now() + START_MS;
    while (Date.now() < until && this.#child.exitCode === null) {
      const answer = await fetch(`${this.url}${path}`).catch(() => undefined);
      if (answer?.ok) return this;
      await delay(200);
    }
    await this.end();
    throw new SetUpProblem(`A server did not start: ${this.#said.trim().split('\n').at(-1)}`);
  }

  async end() {
    this.#child.kill();
    await this.#ended;
    this.after?.();
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
