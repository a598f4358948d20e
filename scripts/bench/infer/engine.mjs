// The parent's side of engine-child.mjs: a process that is started when it is first asked, and again after it had to be ended.
import { fileURLToPath } from 'node:url';
import { Child } from '../child.mjs';

const PROGRAM = fileURLToPath(new URL('engine-child.mjs', import.meta.url));
const START_MS = 120_000;

export class Engine {
  /** What the child said of itself when it was ready. */
  about;
  #options;
  #child;

  /** @param {{ engine?: 'engram' | 'node-llama-cpp', model: string, threads?: number, contextSize: number }} options as
   *   engine-child.mjs takes them; without `engine` it can only train. */
  constructor(options) {
    this.#options = options;
  }

  async start() {
    this.#child = new Child(process.execPath, [PROGRAM]);
    await this.#orEnded(async () => (this.about = await this.#child.ask(this.#options, START_MS)));
  }

  /** The answer to a request. Throws if it fails or takes longer than `limitMs`; then the process is ended. */
  async ask(request, limitMs = START_MS) {
    if (this.#child === undefined) await this.start();
    return this.#orEnded(() => this.#child.ask(request, limitMs));
  }

  /** MB, the most so far and now; undefined where the system does not tell. */
  peakRssMb() {
    return this.#child?.peakRssMb();
  }

  rssMb() {
    return this.#child?.rssMb();
  }

  async end() {
    await this.#child?.end();
    this.#child = undefined;
  }

  async #orEnded(work) {
    try {
      return await work();
    } catch (error) {
      this.#child.kill();
      this.#child = undefined;
      throw error;
    }
  }
}
