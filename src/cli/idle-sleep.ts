// Sleep while nobody says anything: begun when a chat was idle for so long, woken by the next line. Not here: what sleep does
// (commands/sleep.ts, Memories.sleep).
import { EngramError } from '../errors.js';
import type { Engine } from './api.js';
import { sleepSummary } from './commands/sleep.js';
import type { Job } from './job.js';

export class IdleSleep {
  readonly #job: Job;
  readonly #engine: Engine;
  readonly #minutes: number;
  #timer: NodeJS.Timeout | undefined;
  #asleep: { done: Promise<void>; wake: AbortController } | undefined;

  constructor(job: Job, engine: Engine, minutes: number) {
    this.#job = job;
    this.#engine = engine;
    this.#minutes = minutes;
  }

  /** Nothing is said from now on. */
  begin(): void {
    this.#timer = setTimeout(() => {
      const wake = new AbortController();
      const done = this.#sleep(wake.signal);
      done.catch(() => undefined); // end() throws it
      this.#asleep = { wake, done };
    }, this.#minutes * 60_000);
  }

  /** Something is said: resolves when what was begun is committed or dropped. */
  async end(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asleep?.wake.abort();
    await this.#asleep?.done;
    this.#asleep = undefined;
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    try {
      const report = await this.#engine.memories.sleep({ passages: true, signal });
      // A sleep in which nothing came about is not worth a word.
      const learned = report.passages.learned.some(({ memories }) => memories.length > 0);
      if (report.consolidated + report.mended > 0 || learned) this.#job.note(`Slept: ${sleepSummary(report)}`);
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      // A brain that holds nothing has nothing to sleep on.
      if (error.code !== 'not_found') this.#job.note(`Sleep ended: ${error.message}`);
    }
  }
}
