// The order of things: what is asked before, remembered, and asked after, of each case alone or of all in one brain. Every
// piece goes into the journal, so that nothing is measured twice. Not here: what it comes to (rows.mjs).
import { Subject, STRATEGIES } from './subject.mjs';

/** Tokens of an answer in which the target must be said, and of one that must stay. */
const TOKENS = { asked: 64, kept: 32 };

/** Unrelated questions for each case, in turn from those there are. */
const UNRELATED_EACH = 5;

/**
 * @typedef {{ asked: object[], neighbours: object[], unrelated: object[] }} Answers in the order of the questions
 * @typedef {{ id: string, learned: { seconds: number, memories: object[] }, gated: Answers, ungated?: Answers,
 *   forgotten?: object[] }} Result
 */

export class Measurement {
  /** @param {{ cases: object[], unrelated: string[], journal: object, options: object, signal: AbortSignal,
   *   tick: (what: string) => void }} parts `tick` is called for each piece that was measured now, not read from the journal */
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** The questions of a case that must be answered as before and have nothing to do with it. */
  unrelatedOf(i) {
    const { length } = this.unrelated;
    const count = Math.min(UNRELATED_EACH, length);
    return Array.from({ length: count }, (_, j) => this.unrelated[(i * UNRELATED_EACH + j) % length]);
  }

  /** Pieces of work, for the progress: answers of the base model, and each strategy's. */
  pieces(strategies) {
    const each = this.options.sequential ? 2 : 1;
    return this.cases.length * (1 + each * strategies.filter((strategy) => strategy !== 'none').length);
  }

  /** Those of them that the journal has. */
  known(strategies) {
    const keys = this.cases.flatMap((_, i) =>
      ['none', ...strategies.filter((strategy) => strategy !== 'none')].flatMap((name) => {
        const key = this.#key(name, i);
        return this.options.sequential && name !== 'none' ? [key, `${key} learned`] : [key];
      }),
    );
    return keys.filter((key) => this.journal.has(key)).length;
  }

  /** What the model answers to everything with nothing remembered: what others are compared with. */
  async base() {
    await this.#with('none', async (subject) => {
      const ask = once((question, how) => subject.ask(question, how));
      for (const i of this.cases.keys()) await this.#piece(this.#key('none', i), () => this.#answers(ask, i));
    });
  }

  /** One strategy over all cases. */
  async strategy(name) {
    if (name === 'none') return;
    await this.#with(name, (subject) =>
      this.options.sequential ? this.#inOneBrain(name, subject) : this.#alone(name, subject),
    );
  }

  /** What is known so far of a strategy: results of the cases that were measured, by their number. */
  results(name) {
    const of = (i) => this.journal.get(this.#key(name, i));
    return new Map(this.cases.flatMap((_, i) => (of(i) === undefined ? [] : [[i, of(i)]])));
  }

  async #alone(name, subject) {
    let clean = false;
    for (const [i, one] of this.cases.entries()) {
      await this.#piece(this.#key(name, i), async () => {
        if (!clean) await subject.forgetAll();
        clean = false;
        const learned = await subject.learn(one, this.options);
        const ask = (question, how) => subject.ask(question, how);
        const result = { learned, ...(await this.#after(name, ask, i, learned)) };
        await subject.forget(one, learned);
        clean = true;
        if (this.options.forget) result.forgotten = await this.#ask(ask, askedOf(one), TOKENS.asked);
        return result;
      });
    }
  }

  async #inOneBrain(name, subject) {
    const all = [];
    const { forget } = this.options;
    for (const [i, one] of this.cases.entries()) {
      const key = `${this.#key(name, i)} learned`;
      all.push(await this.#piece(key, () => subject.learn(one, this.options)));
    }
    const isForgotten = (i) => forget && i % 2 === 1;
    for (const [i, one] of this.cases.entries()) {
      if (isForgotten(i))
        await this.journal.once(`${this.#key(name, i)} forgotten`, () => subject.forget(one, all[i]).then(() => true));
    }
    const ask = once((question, how) => subject.ask(question, how));
    for (const [i, one] of this.cases.entries()) {
      await this.#piece(this.#key(name, i), async () =>
        isForgotten(i)
          ? { learned: all[i], forgotten: await this.#ask(ask, askedOf(one), TOKENS.asked) }
          : { learned: all[i], ...(await this.#after(name, ask, i, all[i])) },
      );
    }
  }

  /** Everything asked as a user would, and where it is wanted with the case's own memory on. */
  async #after(name, ask, i, { memories }) {
    const gated = await this.#answers(ask, i);
    const [memory] = memories;
    const isWanted = !this.options.gate && STRATEGIES[name].weights && memories.length === 1 && memory.committed;
    return isWanted ? { gated, ungated: await this.#answers(ask, i, memory.id) } : { gated };
  }

  async #answers(ask, i, memory) {
    const one = this.cases[i];
    return {
      asked: await this.#ask(ask, askedOf(one), TOKENS.asked, memory),
      neighbours: await this.#ask(ask, one.neighbours, TOKENS.kept, memory),
      unrelated: await this.#ask(ask, this.unrelatedOf(i), TOKENS.kept, memory),
    };
  }

  #ask(ask, questions, maxTokens, memory) {
    return inTurn(questions, this.options.parallel, (question) => ask(question, { maxTokens, memory }));
  }

  #key(name, i) {
    return `${name} ${this.cases[i].id}`;
  }

  #piece(key, measure) {
    return this.journal.once(key, async () => {
      this.signal.throwIfAborted();
      const value = await measure();
      this.tick(key);
      return value;
    });
  }

  async #with(strategy, action) {
    if (this.cases.every((_, i) => this.journal.has(this.#key(strategy, i)))) return;
    const subject = await Subject.open({ ...this.options, strategy, signal: this.signal });
    try {
      await action(subject);
    } finally {
      await subject.close();
    }
  }
}

const askedOf = ({ asked }) => asked.map(({ question }) => question);

/** Asks the same only once, while nothing is learned in between. */
function once(ask) {
  const known = new Map();
  return (question, how) => {
    const key = JSON.stringify([question, how]);
    if (!known.has(key)) known.set(key, ask(question, how));
    return known.get(key);
  };
}

/** Results in the order of the items, `width` of them at a time. */
async function inTurn(items, width, work) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
