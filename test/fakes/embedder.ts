// An Embedder without a model, which keeps the contract: texts that share words lie close together.
import { EngramError, throwIfCancelled } from '../../src/errors.js';
import type { EmbedOptions, Embedder } from '../../src/embedding/index.js';

export class FakeEmbedder implements Embedder {
  readonly id = 'fake';
  readonly asked: string[][] = [];
  #closed = false;

  constructor(readonly dimensions = 64) {}

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    await Promise.resolve();
    if (texts.length === 0) return [];
    throwIfCancelled(options.signal);
    if (this.#closed) throw new EngramError('usage', 'This embedding model has been closed.');
    this.asked.push([...texts]);
    options.onProgress?.({ done: texts.length, of: texts.length });
    return texts.map((text) => this.#vector(text));
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #vector(text: string): Float32Array {
    const vector = new Float32Array(this.dimensions);
    for (const word of ['', ...text.toLowerCase().split(/\P{L}+/u)]) {
      let hash = 7;
      for (const character of word) hash = (hash * 31 + character.codePointAt(0)!) % 1_000_003;
      vector[hash % this.dimensions]! += 1;
    }
    const norm = Math.hypot(...vector);
    return vector.map((value) => value / norm);
  }
}
