// The model's own running summary of all that was said, written as each exchange is saved. Not here: how it is written
// (running-summary.ts).
import { Derived } from './derived.js';
import { requireModel } from './buffer.js';
import { HistoryMemory, type HistoryOptions } from './history-memory.js';
import { NOTHING, isSummary, RunningSummary, type Summary, type SummaryOptions } from './running-summary.js';
import type { Exchange, LoadOptions, MemoryModel, MemoryVariables, SaveOptions, Values } from './types.js';
import { shortened } from './show.js';

export interface SummaryMemoryOptions extends HistoryOptions, SummaryOptions {
  llm: MemoryModel;
}

export class SummaryMemory extends HistoryMemory {
  readonly #running: RunningSummary;
  readonly #kept: Derived<Summary>;

  constructor(options: SummaryMemoryOptions) {
    super(options);
    this.#running = new RunningSummary(requireModel(options.llm, 'summarise'), this.prefixes, options);
    this.#kept = new Derived(this.log, `${this.memoryKey}-summary`, () => NOTHING, isSummary);
  }

  protected override async recall(
    exchanges: readonly Exchange[],
    inputs: Values,
    { share }: LoadOptions,
  ): Promise<MemoryVariables> {
    const { value } = await this.#kept.read(exchanges);
    const room = await this.room(inputs, undefined, share);
    return { [this.memoryKey]: this.shown([], await shortened(this.#running.text(value), room, this.countTokens)) };
  }

  protected override async learn(exchanges: readonly Exchange[], { signal }: SaveOptions): Promise<void> {
    const { upTo, value } = await this.#kept.read(exchanges);
    if (upTo === exchanges.length) return;
    const extended = await this.#running.extend(value, exchanges.slice(upTo), signal);
    await this.#kept.write(exchanges, { upTo: exchanges.length, value: extended });
  }
}
