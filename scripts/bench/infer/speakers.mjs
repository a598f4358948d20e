// All who are measured in one run: engram and node-llama-cpp in a process for each number of threads, llama-bench, and a
// training to go on beside those who do not train.
import { availableParallelism } from 'node:os';
import { throwIfInterrupted } from '../child.mjs';
import { Engine } from './engine.mjs';

/** Tokens of context: enough for all that is timed here. */
const CONTEXT = 1024;
/** Why there is no figure. */
export const OVER = 'no time left';
/** What is not an answer within this time, though the work should long have been stopped, hangs. */
const hangsAfter = (limitMs) => 2 * limitMs + 30_000;

export class Speakers {
  #engines = new Map();
  #trainer;

  /** @param {{ model: string, peers: { llamaBench: { bench?: LlamaBench }, nodeLlamaCpp: { engine?: string } }, limitMs: number, isOver: () => boolean }} options
   *   `isOver`: no turn begins any more. */
  constructor(options) {
    this.options = options;
  }

  /** Who does such work under such a condition, in the order of their turns: engram with a number of threads, then the others
   * with as many. `own`, engram's own choice, is set beside the others' best: if no number is given, of one and all cores. */
  parts(work, condition, threads) {
    const numbers = threads.filter((count) => count !== 'own');
    const counts = numbers.length > 0 ? numbers : [...new Set([1, availableParallelism()])];
    const who = [...new Set([...counts, ...threads])].flatMap((count) => [
      ...(threads.includes(count) ? [{ name: 'engram', threads: count, timed: this.#engram(count, condition) }] : []),
      ...(counts.includes(count) ? this.#others(work, condition, count) : []),
    ]);
    return who.map((one) => new Part(one, work, this.options));
  }

  /** engram's process for a number of threads. */
  engram(threads) {
    return this.#engine('engram', threads);
  }

  async end() {
    await Promise.all([...this.#engines.values(), this.#trainer].map((engine) => engine?.end()));
  }

  #others({ kind }, condition, count) {
    const { llamaBench, nodeLlamaCpp } = this.options.peers;
    const others = [];
    if (llamaBench.bench !== undefined && kind !== 'chat') {
      const timed = (work) => llamaBench.bench.timed(work, count, condition);
      others.push({ name: 'llamaBench', threads: count, timed: this.#besideTrainer(condition, timed) });
    }
    if (nodeLlamaCpp.engine !== undefined) {
      const timed = (work) => ask(this.#engine(nodeLlamaCpp.engine, count), work);
      others.push({ name: 'nodeLlamaCpp', threads: count, timed: this.#besideTrainer(condition, timed) });
    }
    return others;
  }

  #engram(threads, condition) {
    return (work) => ask(this.engram(threads), { ...work, isTraining: condition === 'training' });
  }

  #besideTrainer(condition, timed) {
    if (condition !== 'training') return timed;
    return async (work) => {
      this.#trainer ??= new Engine({ model: this.options.model });
      await this.#trainer.ask({ do: 'start' });
      try {
        return await timed(work);
      } finally {
        await this.#trainer.ask({ do: 'stop' });
      }
    };
  }

  #engine(engine, threads) {
    const key = `${engine} ${threads}`;
    if (!this.#engines.has(key)) {
      const { model } = this.options;
      const own = threads === 'own' ? {} : { threads };
      this.#engines.set(key, new Engine({ engine, model, contextSize: CONTEXT, ...own }));
    }
    return this.#engines.get(key);
  }
}

const ask = (engine, work) => engine.ask({ do: 'timed', ...work }, hangsAfter(work.limitMs));

/** One of them at one piece of work, as interleave() measures it; after a turn that was not done in time there is no other. */
export class Part {
  /** Whether all turns were done in time; if not, what is known comes from what was done of one. */
  inTime = true;
  /** Why there are no more turns. */
  why;
  /** Of a training in the same process, while the work was done. */
  steps = 0;
  trainedSeconds = 0;
  #timed;
  #work;
  #isOver;
  #hasTurned = false;

  constructor({ name, threads, timed }, work, { limitMs, isOver }) {
    this.name = name;
    this.threads = threads;
    this.#timed = timed;
    this.#work = { ...work, limitMs };
    this.#isOver = isOver;
  }

  /** Milliseconds a token, the median over about so many seconds; undefined once it cannot. */
  async turn(seconds) {
    if (!this.inTime || this.why !== undefined) return undefined;
    if (this.#isOver()) {
      this.why = this.#hasTurned ? undefined : OVER;
      return undefined;
    }
    this.#hasTurned = true;
    try {
      const { msPerToken, inTime, steps = 0, seconds: trained = 0 } = await this.#timed({ ...this.#work, seconds });
      this.steps += steps;
      this.trainedSeconds += trained;
      this.inTime = inTime;
      if (msPerToken === undefined) this.why = `not one token within ${this.#work.limitMs / 1000} s`;
      return msPerToken;
    } catch (error) {
      throwIfInterrupted();
      this.why = error.message;
      return undefined;
    }
  }
}
