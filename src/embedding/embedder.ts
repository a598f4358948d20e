// Texts to vectors: tokens, windows, batches of one length, two of them with the thread that computes so that it never waits,
// pooling. Not here: opening a model (load.ts), remembering vectors (cache.ts).
import { EngramError, throwIfCancelled } from '../errors.js';
import { batchesOfEqualLength } from './batches.js';
import type { Card } from './card.js';
import { average, normalised, pool } from './pooling.js';
import type { Session } from './session.js';
import type { Tokenizer } from './tokenizer.js';
import type { EmbedOptions, Embedder } from './types.js';
import { windowsOf } from './windows.js';

/** Texts whose tokens are held at once. */
const SLAB = 2048;
/** Batches with the thread at once: one that is computed, one that follows. */
const LANES = 2;

export interface Model {
  id: string;
  dimensions: number;
  card: Card;
  tokenizer: Tokenizer;
  session: Session;
  /** Where one text's values would change another's, because they share a scale: texts are computed one by one. */
  oneByOne: boolean;
}

export class OnnxEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly #model: Model;
  /** Batches that have not ended yet. */
  readonly #running = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(model: Model) {
    this.id = model.id;
    this.dimensions = model.dimensions;
    this.#model = model;
  }

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += SLAB) {
      const slab = texts.slice(start, start + SLAB);
      const onProgress = (done: number): void => options.onProgress?.({ done: start + done, of: texts.length });
      vectors.push(...(await this.#embedSlab(slab, options, onProgress)));
    }
    throwIfCancelled(options.signal);
    return vectors;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.allSettled(this.#running);
      await this.#model.session.close();
    })();
    return this.#closed;
  }

  async #embedSlab(
    texts: readonly string[],
    options: EmbedOptions,
    onProgress: (done: number) => void,
  ): Promise<Float32Array[]> {
    const windows: { text: number; ids: number[] }[] = [];
    for (const [text, content] of texts.entries()) {
      this.#check(options.signal);
      for (const ids of await this.#windows(content, options)) windows.push({ text, ids });
    }
    const lengths = windows.map(({ ids }) => ids.length);
    const parts = new Array<Float32Array>(windows.length);
    const missing = Array.from(texts, () => 0);
    for (const { text } of windows) missing[text]!++;
    let done = 0;
    await this.#inLanes(batchesOfEqualLength(lengths, this.#model.oneByOne ? 1 : undefined), async (batch) => {
      this.#check(options.signal);
      const vectors = await this.#run(batch.map((i) => windows[i]!.ids));
      batch.forEach((i, row) => {
        parts[i] = vectors[row]!;
        const left = (missing[windows[i]!.text]! -= 1);
        if (left === 0) done++;
      });
      onProgress(done);
    });
    const byText = Array.from(texts, (): { vectors: Float32Array[]; weights: number[] } => ({
      vectors: [],
      weights: [],
    }));
    windows.forEach(({ text, ids }, i) => {
      byText[text]!.vectors.push(parts[i]!);
      byText[text]!.weights.push(ids.length);
    });
    return byText.map(({ vectors, weights }) =>
      vectors.length === 1 ? vectors[0]! : this.#scaled(average(vectors, weights)),
    );
  }

  #check(signal: AbortSignal | undefined): void {
    throwIfCancelled(signal);
    if (this.#closed !== undefined) throw new EngramError('usage', 'This embedding model has been closed.');
  }

  async #windows(text: string, { kind = 'passage', maxWindows, signal }: EmbedOptions): Promise<number[][]> {
    const { card, tokenizer } = this.#model;
    const most = maxWindows === undefined ? Infinity : maxWindows * card.maxTokens;
    const encoded = await tokenizer.encode(text, card.prefixes[kind], most, signal);
    return windowsOf(encoded, tokenizer.frame, card.maxTokens, maxWindows);
  }

  /** Every batch once, a few at a time. After a failure no more are begun, and it is thrown when all have ended. */
  async #inLanes(batches: readonly number[][], action: (batch: number[]) => Promise<void>): Promise<void> {
    const queue = batches.values();
    let hasFailed = false;
    const lane = async (): Promise<void> => {
      for (const batch of queue) {
        if (hasFailed) return;
        const run = action(batch);
        this.#running.add(run);
        try {
          await run;
        } catch (error) {
          hasFailed = true;
          throw error;
        } finally {
          this.#running.delete(run);
        }
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Windows of one length, as token ids. */
  async #run(windows: readonly number[][]): Promise<Float32Array[]> {
    const { card, session } = this.#model;
    const tokens = windows[0]!.length;
    const ids = BigInt64Array.from({ length: windows.length * tokens }, (_, i) =>
      BigInt(windows[Math.floor(i / tokens)]![i % tokens]!),
    );
    const { data, size } = await session.run(ids, windows.length);
    const vectors = windows.map((_, row) =>
      this.#scaled(pool(data.subarray(row * tokens * size, (row + 1) * tokens * size), size, card.pooling)),
    );
    if (vectors.some((vector) => !vector.every(Number.isFinite))) {
      throw new EngramError('corrupt', `The embedding model ${this.id} computes values that are no numbers.`, {
        hint: 'Its weights are broken. Fetch it again: `engram models rm` and `engram models pull`.',
      });
    }
    return vectors;
  }

  #scaled(vector: Float32Array): Float32Array {
    return this.#model.card.normalize ? normalised(vector) : vector;
  }
}
