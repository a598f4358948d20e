// Timed work by llama-bench, whose process does one piece and ends: it loads the model, warms up and times itself.
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, throwIfInterrupted } from '../child.mjs';
import { median } from '../statistics.mjs';

/** Over what a piece may take: for loading the model and warming up. */
const START_MS = 5000;
/** Where a whole piece takes too long it is asked for so many tokens, again and again. */
const SMALL = { prompt: 32, generation: 2 };
const MANY = 64;
const REPETITIONS = { prompt: 2, generation: 1 };
const POLL_MS = 10;

export class LlamaBench {
  /** Work that was too long once is not tried whole again. */
  #tooLong = new Set();

  constructor(path, model) {
    this.path = path;
    this.model = model;
  }

  /** As repeat() of work.mjs, with the times that llama-bench takes itself. `condition`: what is beside it. */
  async timed({ kind, tokens, limitMs }, threads, condition) {
    const key = `${kind} ${threads} ${condition}`;
    if (!this.#tooLong.has(key)) {
      const [whole] = await this.#lines([flag(kind), tokens, '-r', REPETITIONS[kind]], threads, 1, limitMs);
      if (whole !== undefined) return { inTime: true, msPerToken: msPerToken(whole) };
      this.#tooLong.add(key);
    }
    const small = Array(MANY).fill(SMALL[kind]).join(',');
    const some = await this.#lines([flag(kind), small, '-r', 1, '--no-warmup'], threads, MANY, limitMs);
    const warm = some.length > 1 ? some.slice(1) : some;
    return { inTime: false, msPerToken: median(warm.map(msPerToken)) };
  }

  /** The most memory of a run over 512 and 128 tokens, MB; undefined where the system does not tell. */
  async peakRssMb(threads, limitMs) {
    const child = this.#start(['-p', 512, '-n', 128, '-r', 1], threads);
    let rss;
    const timer = setInterval(() => (rss = child.peakRssMb() ?? rss), POLL_MS);
    try {
      for (let line = 0; line < 2; line++) await child.ask(undefined, limitMs + START_MS);
      await sleep(POLL_MS);
    } finally {
      clearInterval(timer);
      child.kill();
    }
    return rss;
  }

  /** The lines it writes within the limit, at most so many. */
  async #lines(args, threads, most, limitMs) {
    const isPrompt = args[0] === '-p';
    const child = this.#start([...args, isPrompt ? '-n' : '-p', 0], threads);
    const lines = [];
    const until = performance.now() + limitMs + START_MS;
    try {
      while (lines.length < most) lines.push(await child.ask(undefined, until - performance.now()));
    } catch (error) {
      throwIfInterrupted();
      if (performance.now() < until - POLL_MS) throw error;
    } finally {
      child.kill();
      await child.end();
    }
    return lines;
  }

  #start(args, threads) {
    const own = ['-m', this.model, '-ngl', 0, '-o', 'jsonl', '-t', threads];
    return new Child(this.path, [...own, ...args].map(String));
  }
}

const flag = (kind) => (kind === 'prompt' ? '-p' : '-n');

const msPerToken = ({ samples_ns: samples, n_prompt: read, n_gen: generated }) =>
  median(samples) / 1e6 / (read + generated);
