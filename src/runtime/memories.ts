// `engram.memories`: what a brain remembers in its weights. Not here: how it is learned (learn/), which memory answers (gate/).
import type {
  BatchReport,
  ForgottenProof,
  LedgerEvent,
  Memory,
  MemoryInput,
  MemorySource,
  Receipt,
} from '../brain/index.js';
import { defined } from '../defined.js';
import { EngramError } from '../errors.js';
import { recall, type Explanation, type Recalled, type RecallOptions } from '../gate/index.js';
import {
  checkInput,
  memoriesOf,
  memorize,
  memorizeEach,
  proveForgotten,
  rebuild,
  sleep,
  undo,
  WELL_USED,
  type BatchOptions,
  type MemorizeOptions,
  type ProofOptions,
  type RebuildOptions,
  type RebuildReport,
  type SleepReport,
  type Undone,
  type UndoOptions,
} from '../learn/index.js';
import { checkRoomToMemorize } from './check-asking.js';
import { explainAnswer, type AskForGrounds } from './explaining.js';
import type { ExplainOptions, MemorySleepOptions } from './options.js';
import type { Parts } from './parts.js';

/** A memory that was forgotten; with `probe`: what the model still said of it. */
export type Forgotten = Memory & { proof?: ForgottenProof };

export class Memories {
  readonly #parts: Parts;
  readonly #ask: AskForGrounds;

  constructor(parts: Parts, ask: AskForGrounds) {
    this.#parts = parts;
    this.#ask = ask;
  }

  /** Learns a memory by training an adapter, and commits it if it holds. See learn/memorize.ts for what it throws. */
  async add(
    input: MemoryInput,
    options: { [K in keyof MemorizeOptions]: MemorizeOptions[K] | undefined } = {},
  ): Promise<Receipt> {
    const checked = checkInput(input);
    await this.#requireRoom();
    const open = await this.#parts.brain.openOrCreate(options.signal);
    return memorize(await this.#parts.memorizer(open, options.signal), checked, defined(options));
  }

  /** Learns many memories one after the other: commits those that hold, reports the others. A source may be a long text, notes or
   * a conversation: splitSource() says what becomes of it, splitFile() reads one. Throws `empty`, `too_long`, and what would
   * stop every memory (`cancelled`, `locked`, `disk`, `memory`) with the report so far in its details. */
  async addAll(source: MemorySource | readonly MemorySource[], options: BatchOptions = {}): Promise<BatchReport> {
    const { signal, replaces } = options;
    const one = (input: MemoryInput, onProgress: MemorizeOptions['onProgress']) =>
      this.add(input, { signal, replaces, onProgress });
    const isSplit = options.split === false && Array.isArray(source);
    return memorizeEach(one, isSplit ? (source as readonly MemoryInput[]) : memoriesOf(source), options);
  }

  /** Why what is told of memories may be old, in a sentence: the store of the brain cannot be reached. Undefined before it is asked. */
  get remark(): string | undefined {
    return this.#parts.brain.remark;
  }

  /** What is remembered, oldest first; with `all` what was forgotten or replaced too. Loads no model. */
  async list({ all = false }: { all?: boolean | undefined } = {}): Promise<readonly Memory[]> {
    const memories = (await this.#parts.brain.look())?.memories() ?? [];
    return all ? memories : memories.filter(({ state }) => state === 'remembered');
  }

  /** The memory that is meant by an id, a text, a question, or a part of one that no other has; in any state. Throws `not_found`,
   * `usage` (several fit). Loads no model. */
  async get(idOrText: string): Promise<Memory> {
    return (await this.#parts.brain.find()).find(idOrText, { anyState: true });
  }

  /** Forgets a memory, named by id or text: its adapter is deleted, so the model knows what it knew before. With `probe` it is
   * then asked for in all its wordings, which takes as long as so many answers. Throws `not_found`, `usage` (several fit),
   * `locked`. */
  async forget(
    idOrText: string,
    { probe = false, ...options }: ProofOptions & { probe?: boolean | undefined } = {},
  ): Promise<Forgotten> {
    const [memory] = await this.forgetAll([idOrText]);
    return probe ? { ...memory!, proof: await this.prove(memory!, options) } : memory!;
  }

  /** Forgets several at once: all of them or, if one cannot be found, none. Loads no model. Throws as forget(). */
  async forgetAll(idsOrTexts: readonly string[]): Promise<readonly Memory[]> {
    const brain = await this.#parts.brain.find();
    return brain.forgetAll(idsOrTexts, async (path) => this.#parts.model.opened?.generator.releaseAdapter(path));
  }

  /** Asks for something that should not be known in all its wordings, and counts how often it is told. */
  async prove(memory: Memory, options: ProofOptions = {}): Promise<ForgottenProof> {
    const { router } = await this.#parts.brain.require(options.signal);
    const { generator } = await this.#parts.model.open(options.signal);
    return proveForgotten({ router, generator }, memory, options);
  }

  /** Takes back the last change of the brain, or the last one about a memory: see learn/undo.ts. */
  async undo(idOrText?: string, options: UndoOptions = {}): Promise<Undone[]> {
    const open = await this.#parts.brain.require(options.signal);
    return undo(await this.#parts.memorizer(open, options.signal), idOrText, options);
  }

  /** What happened to a memory, or to all, oldest first; by an id also to one that was rolled back. Throws `not_found`. Loads no
   * model. */
  async history(idOrText?: string): Promise<LedgerEvent[]> {
    const brain = await this.#parts.brain.find();
    if (idOrText === undefined || /^m-[0-9a-f]+$/.test(idOrText)) return brain.history(idOrText);
    return brain.history(brain.find(idOrText, { anyState: true }).id);
  }

  /** What the answer to a question rests on, and how much more likely each of it makes that answer: a memory, a named adapter, a
   * passage. Throws as Engram.ask(). */
  async explain(question: string, options: ExplainOptions = {}): Promise<Explanation> {
    if (this.#parts.settings.server !== undefined) {
      throw new EngramError(
        'unsupported',
        'What a server answers cannot be explained: its probabilities are not ours to ask.',
      );
    }
    const { generator } = await this.#parts.model.open(options.signal);
    const brain = async () => (await this.#parts.brain.open(options.signal))?.brain;
    const adapterOf = (name: string) => this.#parts.adapterPath(name);
    return explainAnswer({ generator, ask: this.#ask, brain, adapterOf }, question, options);
  }

  /** What memories and passages hold about a question, best first. Loads the embedding model alone. Throws as
   * Documents.search(). */
  async recall(question: string, options: RecallOptions = {}): Promise<Recalled[]> {
    const memories = (await this.#parts.brain.look())?.memories() ?? [];
    const { retrieval, embedder } = this.#parts;
    return recall({ memories, retrieval, embedder: () => embedder.open() }, question, options);
  }

  /** Compares the hashes of all adapters with the ledger and returns the memories that are damaged. Loads no model. */
  async check(): Promise<Memory[]> {
    return (await this.#parts.brain.find()).check();
  }

  /** Makes all adapters and the index anew from the ledger: see learn/rebuild.ts. */
  async rebuild(options: RebuildOptions = {}): Promise<RebuildReport> {
    const open = await this.#parts.brain.require(options.signal);
    return rebuild(await this.#parts.memorizer(open, options.signal), options);
  }

  /** Trains what was learned fast again with care, and keeps what stands better: see learn/sleep.ts. With `passages` it learns
   * well-used passages of documents too, also into a brain that has no memories yet. */
  async sleep({ passages = false, ...options }: MemorySleepOptions = {}): Promise<SleepReport> {
    const { brain, retrieval } = this.#parts;
    const read = passages ? await retrieval.wellUsed(WELL_USED) : [];
    const { signal } = options;
    if (read.length === 0) await brain.find(); // before a model is loaded
    await this.#requireRoom();
    const open = read.length > 0 ? await brain.openOrCreate(signal) : await brain.require(signal);
    return sleep(await this.#parts.memorizer(open, signal), {
      ...options,
      passages: read.map(({ passage: { text, place }, questions }) => ({ text, place, questions })),
    });
  }

  /** A model that is loaded has shown that there is room for it. Throws `memory`. */
  async #requireRoom(): Promise<void> {
    if (this.#parts.model.opened === undefined) await checkRoomToMemorize(this.#parts.settings);
  }
}
