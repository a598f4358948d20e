// An index of vectors: adds, removes, finds the nearest by cosine. Exact while it is small, a graph (graph.ts) above that.
// Not here: where vectors come from, and what their labels stand for.
import { EngramError } from '../../errors.js';
import { Best, unitVector } from './nearest.js';
import type { Hits, SearchOptions, VectorIndexOptions } from './types.js';
import { VectorStore } from './vector-store.js';

export class VectorIndex {
  readonly dimensions: number;
  readonly embedder: string;
  readonly #store: VectorStore;

  constructor(options: VectorIndexOptions) {
    this.dimensions = options.dimensions;
    this.embedder = options.embedder;
    this.#store = new VectorStore(options.dimensions);
  }

  /** Vectors in it. */
  get size(): number {
    return this.#store.size;
  }

  /** Stores vectors under labels; a label that is there gets the new vector. They are found from now on, before the promise
   * is kept. Throws `usage`, and then adds none, for a number of values other than labels times dimensions, and for a vector
   * without direction: zero, NaN, infinite. */
  add(labels: Uint32Array, vectors: Float32Array): Promise<void> {
    const units = this.#units(vectors, labels.length);
    units.forEach((unit, i) => this.#store.set(labels[i]!, unit));
    return Promise.resolve();
  }

  /** Takes vectors out, at once. Labels that are not there are passed over. Returns how many were. */
  remove(labels: Uint32Array): Promise<number> {
    let removed = 0;
    for (const label of labels) if (this.#store.delete(label) !== undefined) removed++;
    return Promise.resolve(removed);
  }

  has(label: number): boolean {
    return this.#store.slotOf(label) !== undefined;
  }

  /** The `k` nearest to a query. Throws `usage` for a query that is no vector of this index, as `add` does. */
  search(query: Float32Array, k: number, options: SearchOptions = {}): Hits {
    const [unit] = this.#units(query, 1);
    const best = new Best(Math.min(k, this.size));
    const mask = options.allowed === undefined ? undefined : this.#store.maskOf(options.allowed).mask;
    this.#store.scan(unit!, best, mask);
    return best.take();
  }

  #units(vectors: Float32Array, count: number): Float32Array[] {
    const size = this.dimensions;
    if (vectors.length !== count * size) {
      throw new EngramError('usage', `Expected ${count} × ${size} numbers but received ${vectors.length}.`);
    }
    return Array.from({ length: count }, (_, i) => {
      const unit = unitVector(vectors, i * size, size);
      if (unit === undefined) {
        throw new EngramError('usage', `Vector ${i} has no direction: it is zero, or has values that are no numbers.`);
      }
      return unit;
    });
  }
}
