// The order of things: what is asked before, remembered, and asked after, of each case alone or of all in one brain. Every
// piece goes into the journal, so that nothing is measured twice. Not here: what it comes to (rows.mjs).
import { inOrder, STRATEGIES } from './strategies.mjs';

/** Tokens of an answer in which the target must be said, and of one that must stay. */
const TOKENS = { asked: 64, kept: 32 };

/** Unrelated questions for each case, in turn from those there are. */
const UNRELATED_EACH = 5;

/**
 * @typedef {{ asked: object[], neighbours: object[], unrelated: object[] }} Answers in the order of the questions
 * @typedef {{ learned: { seconds: number, memories: object[] }, gated?: Answers, ungated?: Answers,
 *   forgotten?: object[] }} Result `gated`: as a user would ask; `ungated`: with the case's own memory on whatever is asked
 */

export class Measurement {
  /** @param {{ cases: object[], unrelated: string[], journal: object, options: object, signal: AbortSignal,
   *   open: (strategy: string) => Promise<object>, tick: () => void }} parts `open` gives a brain (subject.mjs); `tick` is called
   *   for each piece that was measured now, not read from the journal */
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** The questions of a case that must be answered as before and have nothing to do with it. */
  unrelatedOf(i) {
    const { length } = this.unrelated;
    const count = Math.min(UNRELATED_EACH, length);
    return Array.from({ length: count }, (_, j) => this.unrelated[(i * UNRELATED_EACH + j) % length]);
  }

  /** How many pieces of work are left: the answers of the base model, and each strategy's over each case. */
  left(strategies) {
    const keys = this.cases.flatMap((_, i) =>
      inOrder(strategies).flatMap((name) => [
        name === 'none' ? this.#baseKey(i) : this.#key(name, i),
        ...(this.options.sequential && name !== 'none' ? [this.#learnedKey(name, i)] : []),
      ]),
    );
    return keys.filter((key) => !this.journal.has(key)).length;
  }

  /** One strategy over all cases. `none` has to be the first: its answers are those that others are compared with. */
  async strategy(name) {
    const keyOf = (i) => (name === 'none' ? this.#baseKey(i) : this.#key(name, i));
    if (this.cases.every((_, i) => this.journal.has(keyOf(i)))) return;
    const subject = await this.open(name);
    try {
      if (name === 'none') await this.#base(subject);
      else await (this.options.sequential ? this.#inOneBrain(name, subject) : this.#alone(name, subject));
    } finally {
      await subject.close();
    }
  }

  /** What is known so far of a strategy: results of the cases that were measured, by their number. */
  results(name) {
    const of = (i) => (name === 'none' ? this.#before(i) : this.journal.get(this.#key(name, i)));
    return new Map(this.cases.flatMap((_, i) => (of(i) === undefined ? [] : [[i, of(i)]])));
  }

  /** What the model answers with nothing remembered: to everything, or where nothing is compared with the rest, to what must stay. */
  async #base(subject) {
    const ask = once((question, how) => subject.ask(question, how));
    for (const i of this.cases.keys()) {
      await this.#piece(this.#baseKey(i), () => (this.#isLean ? this.#kept(ask, i) : this.#answers(ask, i)));
    }
  }

  get #isLean() {
    const { gate, forget, strategies } = this.options;
    return gate && !forget && !strategies.includes('none');
  }

  #baseKey(i) {
    return this.#isLean && !this.journal.has(this.#key('none', i)) ? this.#key('kept', i) : this.#key('none', i);
  }

  #before(i) {
    return this.journal.get(this.#baseKey(i));
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
        clean = !this.options.supersede; // what was believed before may still be held
        if (this.options.forget) result.forgotten = await this.#askForgotten(ask, i);
        return result;
      });
    }
  }

  async #inOneBrain(name, subject) {
    const all = [];
    const { forget } = this.options;
    for (const [i, one] of this.cases.entries()) {
      all.push(await this.#piece(this.#learnedKey(name, i), () => subject.learn(one, this.options)));
    }
    const isForgotten = (i) => forget && i % 2 === 1;
    await subject.checkHeld(all.filter((_, i) => !isForgotten(i)));
    for (const [i, one] of this.cases.entries()) if (isForgotten(i)) await subject.forget(one, all[i]);
    const ask = once((question, how) => subject.ask(question, how));
    for (const i of this.cases.keys()) {
      await this.#piece(this.#key(name, i), async () =>
        isForgotten(i)
          ? { learned: all[i], forgotten: await this.#askForgotten(ask, i) }
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
    const asked = await this.#ask(ask, askedOf(this.cases[i]), { maxTokens: TOKENS.asked, memory });
    return { ...(await this.#kept(ask, i, memory)), asked };
  }

  /** What is kept is expected to be what the base model said; what is asked for is not, so that its seconds are those of a user. */
  async #kept(ask, i, memory) {
    const before = this.#before(i);
    const how = { maxTokens: TOKENS.kept, memory };
    return {
      asked: [],
      neighbours: await this.#ask(ask, this.cases[i].neighbours, how, before?.neighbours),
      unrelated: await this.#ask(ask, this.unrelatedOf(i), how, before?.unrelated),
    };
  }

  /** What is forgotten is expected to be answered as the base model does. */
  #askForgotten(ask, i) {
    return this.#ask(ask, askedOf(this.cases[i]), { maxTokens: TOKENS.asked }, this.#before(i)?.asked);
  }

  #ask(ask, questions, how, expected = []) {
    return inTurn(questions, this.options.parallel, (question, j) =>
      ask(question, { ...how, ...(expected[j] === undefined ? {} : { expected: expected[j].text }) }),
    );
  }

  #key(name, i) {
    return `${name} ${this.cases[i].id}`;
  }

  #learnedKey(name, i) {
    return `${this.#key(name, i)} learned`;
  }

  #piece(key, measure) {
    return this.journal.once(key, async () => {
      this.signal.throwIfAborted();
      const value = await measure();
      this.tick();
      return value;
    });
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
      results[at] = await work(items[at], at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
