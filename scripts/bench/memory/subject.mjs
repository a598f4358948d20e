// One brain that is measured, through the public API: cases are remembered, ingested, or both; questions are asked; what was
// remembered is taken back. Not here: which questions, in which order (measure.mjs).
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Engram, splitSource } from '../../../dist/index.js';
import { SetUpProblem } from '../../set-up/problem.mjs';
import { STRATEGIES } from './strategies.mjs';

/** Of a memory, not of the machine or the program: they count as not learned. */
const NOT_LEARNED = new Set(['empty', 'too_long', 'diverged', 'unsupported']);

export class Subject {
  #engram;
  #documents;
  #options;
  #uses;

  /** @param {{ strategy: string, home: string, model: string, embedder: string, threads?: number, parallel: number,
   *   signal: AbortSignal, brain?: string }} options each strategy has a brain of its own in the home, unless `brain` names one */
  static async open(options) {
    const { strategy, home, model, embedder, threads, parallel, signal, brain = strategy } = options;
    const subject = new Subject();
    subject.#engram = await Engram.open({ home, model, embedder, brain, threads, parallel, signal });
    subject.#documents = join(home, 'documents', brain);
    subject.#options = options;
    subject.#uses = STRATEGIES[strategy];
    return subject;
  }

  /** Remembers a case; what an earlier process had remembered of it already is found again.
   * @returns {Promise<{ seconds: number, memories: object[], superseded?: boolean }>} one memory for each input (several for a
   *   longer text), with what its receipt says; `superseded`: what was believed before had been learned */
  async learn(one, { supersede = false } = {}) {
    const memories = [];
    const supersedes = supersede && one.old !== undefined;
    let superseded = supersedes;
    let seconds = 0;
    if (this.#uses.weights) {
      const before = supersedes ? await this.memorize(one.old.input) : undefined;
      superseded = before?.committed === true;
      const replaces = superseded ? [before.id] : undefined;
      for (const input of one.inputs.flatMap(memoriesIn)) memories.push(await this.memorize(input, replaces));
      seconds += memories.reduce((sum, memory) => sum + memory.seconds, 0);
    }
    if (this.#uses.retrieval) {
      if (supersedes) await this.#ingest(one, one.old.text);
      seconds += await this.#ingest(one, one.text);
    }
    return { seconds, memories, ...(supersedes ? { superseded } : {}) };
  }

  /** Remembers one input, unless it is remembered already. `replaces`: as MemorizeOptions has it. */
  async memorize(input, replaces) {
    const { signal } = this.#options;
    const known = await this.#find(input);
    if (known !== undefined) return factsOf(known.receipt, known.adapter?.bytes);
    try {
      const receipt = await this.#engram.memories.add(input, { replaces, signal });
      return factsOf(receipt, (await this.#find(input))?.adapter?.bytes);
    } catch (error) {
      if (!NOT_LEARNED.has(error.code)) throw error;
      return { committed: false, seconds: 0, tokens: 0, flop: 0, reason: error.message };
    }
  }

  async #find(input) {
    const isSame = (memory) =>
      typeof input === 'string'
        ? plain(memory.text) === plain(input)
        : plain(memory.question ?? '') === plain(input.question) && plain(memory.answer ?? '') === plain(input.answer);
    return (await this.#engram.memories.list()).find(isSame);
  }

  /** Seconds that it took. A file is called as a person would call it: its name stands before its passages in the prompt. */
  async #ingest({ id, title = 'notes' }, text) {
    const folder = join(this.#documents, id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${title.replace(/[^\p{L}\p{N} -]+/gu, ' ').trim()}.txt`), text);
    const { seconds } = await this.#engram.documents.ingest([this.#documents], { signal: this.#options.signal });
    return seconds;
  }

  /** Throws if something that was learned by an earlier process is not there any more. */
  async checkHeld(learned) {
    const held = new Set(await this.#held());
    const ids = learned.flatMap(({ memories }) => memories.flatMap(({ id, committed }) => (committed ? [id] : [])));
    if (ids.every((id) => held.has(id))) return;
    throw new SetUpProblem(
      `The brain of this run is gone from ${this.#options.home}. Begin anew with another file for --resume.`,
    );
  }

  /** Takes back what was remembered of a case, as far as it is there. */
  async forget({ id }, { memories }) {
    const held = new Set(await this.#held());
    for (const { id: memory } of memories) if (held.has(memory)) await this.#engram.memories.forget(memory);
    if (this.#uses.retrieval) {
      rmSync(join(this.#documents, id), { recursive: true, force: true });
      await this.#engram.documents.ingest([this.#documents], { signal: this.#options.signal });
    }
  }

  /** Takes back whatever there is: of a run that was cut off. */
  async forgetAll() {
    for (const id of await this.#held()) await this.#engram.memories.forget(id);
    if (!this.#uses.retrieval) return;
    rmSync(this.#documents, { recursive: true, force: true });
    mkdirSync(this.#documents, { recursive: true });
    await this.#engram.documents.ingest([this.#documents], { signal: this.#options.signal });
  }

  async #held() {
    return (await this.#engram.memories.list()).map(({ id }) => id);
  }

  /** The greedy answer. `memory`: id of the memory that is on whatever the question, in place of the gate's choice; `expected`:
   * the answer that is likely, which is then computed together. Together the last bits of probabilities differ: where nothing
   * was on and another answer came all the same, it is asked again token by token, as it was asked before. */
  async ask(question, { maxTokens, memory, expected }) {
    const answer = await this.#asked(question, { maxTokens, memory, expected });
    const isBase = answer.on.length + answer.passages.length === 0;
    if (expected === undefined || !isBase || answer.text === expected) return answer;
    return this.#asked(question, { maxTokens, memory });
  }

  async #asked(question, how) {
    const { signal } = this.#options;
    const passages = this.#uses.retrieval ? undefined : 0;
    const { answer, source, memories, promptTokens, tokens, seconds, ...rest } = await this.#engram.ask(question, {
      ...{ ...how, passages, signal },
    });
    signal.throwIfAborted(); // what was generated until then is no answer
    return {
      text: answer,
      source,
      on: memories.map(({ id }) => id),
      passages: rest.passages.map(({ source, text }) => ({ source: basename(dirname(source)), text })),
      ...{ promptTokens, tokens, seconds },
    };
  }

  close() {
    return this.#engram.close();
  }
}

function factsOf(receipt, adapterBytes) {
  const { id, committed, seconds, tokens, flop, steps, reason, supersedes } = receipt;
  return { id, committed, seconds, tokens, flop, steps, adapterBytes, reason, ...(supersedes ? { supersedes } : {}) };
}

const memoriesIn = (input) => (typeof input === 'object' && 'text' in input ? splitSource(input).memories : [input]);

const plain = (text) => text.replace(/\s+/gu, ' ').trim();
