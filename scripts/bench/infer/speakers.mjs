// All who are measured in one run: engram and node-llama-cpp in a process for each number of threads, llama-bench, and a
// training to go on beside those who do not train.
import { throwIfInterrupted } from '../child.mjs';
import { Engine } from './engine.mjs';

/** Tokens of context: enough for all that is timed here. */
const CONTEXT = 1024;
/** What is not an answer within this time, though the work should long have been stopped, hangs. */
const hangsAfter = (limitMs) => 2 * limitMs + 30_000;

export class Speakers {
  #engines = new Map();
  #trainer;

  /** @param {{ model: string, peers: { llamaBench: { bench?: LlamaBench }, nodeLlamaCpp: { engine?: string } }, limitMs: number }} options */
  constructor(options) {
    this.options = options;
  }

  /** Who does such work under such a condition, in the order of their turns: engram first, then the others with as many
   * threads. `own`: the number that engram chooses itself. */
  parts(work, condition, threads) {
    const { peers } = this.options;
    const who = threads.flatMap((count) => [
      { name: 'engram', threads: count, timed: this.#engram(count, condition) },
      ...(count === 'own' ? [] : this.#others(work, condition, count, peers)),
    ]);
    return who.map((one) => new Part(one, work, this.options.limitMs));
  }

  /** engram's process for a number of threads. */
  engram(threads) {
    return this.#engine('engram', threads);
  }

  async end() {
    await Promise.all([...this.#engines.values(), this.#trainer].map((engine) => engine?.end()));
  }

  #others({ kind }, condition, count, { llamaBench, nodeLlamaCpp }) {
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

  constructor({ name, threads, timed }, work, limitMs) {
    this.name = name;
    this.threads = threads;
    this.#timed = timed;
    this.#work = { ...work, limitMs };
  }

  /** Milliseconds a token, the median over about so many seconds; undefined once it cannot. */
  async turn(seconds) {
    if (!this.inTime || this.why !== undefined) return undefined;
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
