// One brain: all its memories are told in order, then everything is asked, then what changed is told and asked about. Every piece goes
// into the journal, so that nothing is done twice. Not here: what it comes to (rows.mjs).
import { KEPT } from './data.mjs';

/** Tokens of an answer that may hold what is wanted, and of one that is only to be left alone. */
const TOKENS = { answered: 128, kept: 24 };

/**
 * @typedef {{ text: string, source: string, on: string[] }} Said
 * @typedef {{ told: object[], said: Said[], updated: object[], saidThen: Said[] }} Measured in the order of the brain's memories,
 *   questions and updates, as far as it came
 */

export class BrainMeasurement {
  /** What was measured so far. @type {Measured} */
  measured = { told: [], said: [], updated: [], saidThen: [] };
  #subject;

  /** @param {{ brain: import('./data.mjs').Brain, journal: object, open: (name: string) => Promise<object>, tick: () => void,
   *   signal: AbortSignal }} parts `open` gives the brain (memory/subject.mjs) when something is left to do */
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** How many pieces of work are left. */
  get left() {
    const { memories, asked, updates } = this.brain;
    const keys = [
      ...memories.map((_, i) => this.#key('told', i)),
      ...asked.map((_, i) => this.#key('asked', i)),
      ...updates.flatMap((_, i) => [this.#key('updated', i), this.#key('asked then', i)]),
    ];
    return keys.filter((key) => !this.journal.has(key)).length;
  }

  /** Fills `measured`; throws when it is interrupted. */
  async run() {
    const { memories, asked, updates } = this.brain;
    const { told, said, updated, saidThen } = this.measured;
    try {
      for (const [i, { text }] of memories.entries()) told.push(await this.#tell('told', i, text, 'none'));
      for (const [i, one] of asked.entries()) said.push(await this.#ask('asked', i, one));
      for (const [i, { text }] of updates.entries()) updated.push(await this.#tell('updated', i, text, 'auto'));
      for (const [i, one] of updates.entries()) saidThen.push(await this.#ask('asked then', i, one));
    } finally {
      await (await this.#subject)?.close();
    }
  }

  #tell(what, i, text, replaces) {
    return this.#piece(this.#key(what, i), (subject) => subject.memorize(text, replaces));
  }

  #ask(what, i, { kind, question }) {
    return this.#piece(this.#key(what, i), async (subject) => {
      const maxTokens = KEPT.includes(kind) ? TOKENS.kept : TOKENS.answered;
      const { text, source, on } = await subject.ask(question, { maxTokens });
      return { text, source, on };
    });
  }

  #piece(key, measure) {
    return this.journal.once(key, async () => {
      this.signal.throwIfAborted();
      const value = await measure(await this.#opened());
      this.tick();
      return value;
    });
  }

  /** What was told in an earlier run must still be there. */
  #opened() {
    this.#subject ??= (async () => {
      const subject = await this.open(this.brain.name);
      const { told, updated } = this.measured;
      const gone = new Set(updated.flatMap(({ supersedes = [] }) => supersedes));
      await subject.checkHeld([{ memories: [...told, ...updated].filter(({ id }) => !gone.has(id)) }]);
      return subject;
    })();
    return this.#subject;
  }

  #key(what, i) {
    return `${this.brain.name} ${what} ${i}`;
  }
}
