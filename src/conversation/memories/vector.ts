// The past exchanges that are nearest to the question by meaning, best first: their order in time is not told. Not here: making
// vectors (embedding/).
import { dot } from '../../dot.js';
import { EngramError } from '../../errors.js';
import { checkCount, HistoryMemory, type HistoryOptions } from './history-memory.js';
import { textOf } from './keys.js';
import { asText, fitting } from './show.js';
import type { Exchange, LoadOptions, MemoryEmbedder, MemoryVariables, SaveOptions, Values } from './types.js';

export interface VectorOptions extends HistoryOptions {
  embedder: MemoryEmbedder;
  /** Exchanges. Default 4. */
  k?: number | undefined;
}

export class VectorMemory extends HistoryMemory {
  readonly k: number;
  readonly #embedder: MemoryEmbedder;
  /** By text, so that nothing is embedded twice while this process runs. */
  readonly #vectors = new Map<string, Float32Array>();

  constructor(options: VectorOptions) {
    super(options);
    const { embedder, k = 4 } = options as Partial<VectorOptions>;
    if (embedder === undefined) throw new EngramError('usage', 'Expected an embedder but received none.');
    this.#embedder = embedder;
    this.k = checkCount('k', k, 1);
  }

  protected override async recall(
    exchanges: readonly Exchange[],
    inputs: Values,
    { share, signal }: LoadOptions,
  ): Promise<MemoryVariables> {
    const question = Object.keys(inputs).length === 0 ? '' : textOf(inputs, this.inputKey, 'inputKey', this.memoryKeys);
    if (exchanges.length === 0 || question.trim() === '') return { [this.memoryKey]: this.shown([]) };
    await this.learn(exchanges, { signal });
    const [query] = await this.#embedder.embed([question], { kind: 'query', maxWindows: 1, signal });
    const scored = exchanges.map((exchange, order) => ({
      exchange,
      order,
      score: Math.max(...this.#textsOf(exchange).map((text) => dot(query!, this.#vectors.get(text)!))),
    }));
    // Of equal ones the one said last.
    const best = scored.sort((a, b) => b.score - a.score || b.order - a.order).slice(0, this.k);
    const room = await this.room(inputs, undefined, share);
    const nearest = best.map(({ exchange }) => exchange);
    return { [this.memoryKey]: this.shown(await fitting(nearest, room, this.prefixes, this.countTokens)) };
  }

  protected override async learn(exchanges: readonly Exchange[], { signal }: SaveOptions): Promise<void> {
    const texts = new Set(exchanges.flatMap((exchange) => this.#textsOf(exchange)));
    const unknown = [...texts].filter((text) => !this.#vectors.has(text));
    if (unknown.length > 0) {
      const vectors = await this.#embedder.embed(unknown, { kind: 'passage', signal });
      unknown.forEach((text, i) => this.#vectors.set(text, vectors[i]!));
    }
    // What was cleared is not kept.
    for (const text of this.#vectors.keys()) if (!texts.has(text)) this.#vectors.delete(text);
  }

  /** What stands for an exchange: the whole of it, and each side, whichever is nearest. */
  #textsOf(exchange: Exchange): string[] {
    const { human, ai } = exchange;
    return [asText(exchange, this.prefixes), human, ai].filter((text) => text.trim() !== '');
  }
}
