// What was said, as it was said: all of it, the last exchanges, as many as some tokens hold; what does not fit is left out from
// the oldest on, or goes into the model's summary, which may also take in everything. Not here: how it is summarized
// (running-summary.ts).
import { EngramError } from '../../errors.js';
import { Derived } from './derived.js';
import { checkCount, HistoryMemory, type HistoryOptions } from './history-memory.js';
import { MESSAGE_TOKENS, fitting, shortened } from './show.js';
import { NOTHING, isSummary, RunningSummary, type Summary, type SummaryOptions } from './running-summary.js';
import type { Exchange, LoadOptions, MemoryModel, MemoryVariables, SaveOptions, Values } from './types.js';

export interface BufferOptions extends HistoryOptions, SummaryOptions {
  /** Most tokens. Default: what the context has room for. */
  maxTokens?: number | undefined;
  /** What becomes of the oldest exchanges when there is no more room: `drop` (default) leaves them out, `summarize` has `llm`
   * put them into a summary, as the exchange that needs the room is saved. */
  overflow?: 'drop' | 'summarize' | undefined;
}

/** Everything, as long as there is room. */
export class BufferMemory extends HistoryMemory {
  readonly #most: number | undefined;
  readonly #summary: { running: RunningSummary; kept: Derived<Summary> } | undefined;

  constructor(options: BufferOptions = {}) {
    super(options);
    const { maxTokens, overflow = 'drop' } = options;
    this.#most = maxTokens === undefined ? undefined : checkCount('maxTokens', maxTokens, 1);
    if (overflow === 'drop') return;
    this.#summary = {
      running: new RunningSummary(requireModel(this.llm, 'summarize'), this.prefixes, options),
      kept: new Derived(this.log, `${this.memoryKey}-summary`, () => NOTHING, isSummary),
    };
  }

  protected override async recall(
    exchanges: readonly Exchange[],
    inputs: Values,
    { share }: LoadOptions,
  ): Promise<MemoryVariables> {
    const { upTo, value } = (await this.#summary?.kept.read(exchanges)) ?? { upTo: 0, value: NOTHING };
    const room = await this.room(inputs, this.#most, share);
    const before = await shortened(this.#summary?.running.text(value) ?? '', room, this.countTokens);
    const rest = room - (before === '' ? 0 : (await this.countTokens(before)) + MESSAGE_TOKENS);
    return { [this.memoryKey]: this.shown(await this.#newest(exchanges.slice(upTo), rest), before) };
  }

  protected override async learn(exchanges: readonly Exchange[], { signal }: SaveOptions): Promise<void> {
    if (this.#summary === undefined) return;
    const { running, kept } = this.#summary;
    const made = await kept.read(exchanges);
    const room = (await this.room({}, this.#most)) - running.most - MESSAGE_TOKENS;
    const left = exchanges.length - (await this.asSaid(exchanges, room)).length;
    if (left <= made.upTo) return;
    const value = await running.extend(made.value, exchanges.slice(made.upTo, left), signal);
    await kept.write(exchanges, { upTo: left, value });
  }

  /** Of a conversation that was saved what is not to be summarized. */
  protected asSaid(exchanges: readonly Exchange[], room: number): Promise<readonly Exchange[]> {
    return this.#newest(exchanges, room);
  }

  /** In the order in which they were said. */
  async #newest(exchanges: readonly Exchange[], room: number): Promise<Exchange[]> {
    const newest = await fitting(exchanges.toReversed(), room, this.prefixes, this.countTokens);
    return newest.reverse();
  }
}

export interface WindowOptions extends HistoryOptions {
  /** Exchanges. Default 5. */
  k?: number | undefined;
}

/** The last k exchanges, as long as there is room. */
export class WindowMemory extends BufferMemory {
  readonly k: number;

  constructor({ k = 5, ...options }: WindowOptions = {}) {
    super(options);
    this.k = checkCount('k', k, 0);
  }

  protected override recall(
    exchanges: readonly Exchange[],
    inputs: Values,
    options: LoadOptions,
  ): Promise<MemoryVariables> {
    return super.recall(this.k === 0 ? [] : exchanges.slice(-this.k), inputs, options);
  }
}

export interface TokenBufferOptions extends HistoryOptions {
  llm: MemoryModel;
  /** Tokens. Default 1000. */
  maxTokens?: number | undefined;
}

/** The newest exchanges that some tokens hold. */
export class TokenBufferMemory extends BufferMemory {
  constructor({ maxTokens = 1000, ...options }: TokenBufferOptions) {
    super({ ...options, llm: requireModel(options.llm, 'count tokens'), maxTokens });
  }
}

/** The newest exchanges that some tokens hold, and before them a summary of the older ones. */
export class SummaryBufferMemory extends BufferMemory {
  constructor({ maxTokens = 1000, ...options }: TokenBufferOptions & SummaryOptions) {
    super({ ...options, maxTokens, overflow: 'summarize' });
  }
}

export interface SummaryMemoryOptions extends HistoryOptions, SummaryOptions {
  llm: MemoryModel;
}

/** The model's own running summary of all that was said, written as each exchange is saved. */
export class SummaryMemory extends BufferMemory {
  constructor(options: SummaryMemoryOptions) {
    super({ ...options, overflow: 'summarize' });
  }

  protected override asSaid(): Promise<readonly Exchange[]> {
    return Promise.resolve([]);
  }
}

function requireModel(llm: MemoryModel | undefined, what: string): MemoryModel {
  if (llm !== undefined) return llm;
  throw new EngramError('usage', `Expected llm, a model to ${what}, but received none.`);
}
