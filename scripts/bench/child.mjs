// Child processes that are measured: each is asked for steps by a line of JSON and answers with one. A child ends when its
// stdin closes, so none outlives this process, however it ends. Nothing is timed here; a child times itself.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { endTools } from '../set-up/run.mjs';
import { SetUpProblem } from '../set-up/problem.mjs';

/** How much of a child's stderr is kept; an error shows its last line. */
const KEPT_CHARACTERS = 2000;

const running = new Set();
const interrupting = new AbortController();

/** Aborted by interrupt(). */
export const interruption = interrupting.signal;

/** Ends all children and tools at once and starts no others, for Ctrl+C. */
export function interrupt() {
  interrupting.abort();
  for (const child of running) child.kill();
  endTools();
}

/** Throws once interrupt() was called. */
export function throwIfInterrupted() {
  if (interruption.aborted) throw Object.assign(new SetUpProblem('Interrupted.'), { exitCode: 130 });
}

export class Child {
  #process;
  #answers;
  #stderr = '';
  #exit;

  constructor(command, args, { cwd } = {}) {
    throwIfInterrupted();
    this.#process = spawn(command, args, { cwd, stdio: 'pipe' });
    running.add(this);
    this.#exit = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('close', (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
    });
    void this.#exit.then(() => running.delete(this));
    this.#process.stdin.on('error', () => undefined); // that it is gone is told by its exit
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_CHARACTERS);
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Sends a message, unless there is none, and returns the next answer. Throws if there is none within
   * `limitMs` (the child is then ended) and, with what it said last on stderr, if the child ends instead. */
  async ask(message, limitMs) {
    if (message !== undefined) this.#process.stdin.write(`${JSON.stringify(message)}\n`);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        this.kill();
        reject(new Error(`no answer within ${Math.round(limitMs / 1000)} s`));
      }, limitMs);
    });
    try {
      return await Promise.race([this.#next(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next line that is a JSON object: libraries print lines of their own. */
  async #next() {
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(this.#stderr.trim().split('\n').at(-1) || (await this.#exit));
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }

  /** The most memory it has held so far, in MB; undefined where the system does not tell (it does on Linux). */
  peakRssMb() {
    return this.#memoryMb('VmHWM');
  }

  /** What it holds now. */
  rssMb() {
    return this.#memoryMb('VmRSS');
  }

  #memoryMb(field) {
    try {
      const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
      return Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) / 1024);
    } catch {
      return undefined;
    }
  }

  kill() {
    this.#process.kill('SIGKILL');
  }

  /** Lets it end, and waits for that. */
  async end() {
    this.#process.stdin.end();
    const timer = setTimeout(() => this.kill(), 2000);
    await this.#exit;
    clearTimeout(timer);
  }
}
