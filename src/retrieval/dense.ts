// The index of the passages' vectors, made of the library and brought up to date with it before each search. Not here: the
// index itself (vectors/).
import type { Library } from './library.js';
import { VectorIndex } from './vectors/index.js';

/** Passages that are read from the library at once. */
const BATCH = 10_000;

export class DenseIndex {
  readonly #index: VectorIndex;
  /** Passages that were in the library at that revision. */
  #known: Uint32Array = new Uint32Array(0);
  #revision = 0;

  constructor(
    private readonly library: Library,
    embedder: string,
    private readonly dimensions: number,
  ) {
    this.#index = new VectorIndex({ embedder, dimensions });
  }

  /** The nearest passages by cosine, best first. */
  async search(query: Float32Array, k: number, allowed?: Uint32Array): Promise<{ id: number; score: number }[]> {
    await this.#refresh();
    const { labels, scores } = this.#index.search(query, k, { allowed });
    return Array.from(labels, (id, i) => ({ id, score: scores[i]! }));
  }

  /** Takes in what was ingested since, by this process or another. */
  async #refresh(): Promise<void> {
    const { revision } = this.library;
    if (revision === this.#revision) return;
    const ids = this.library.passageIds();
    const current = new Set(ids);
    const gone = this.#known.filter((id) => !current.has(id));
    if (gone.length > 0) await this.#index.remove(gone);
    const added = ids.filter((id) => !this.#index.has(id));
    for (let at = 0; at < added.length; at += BATCH) {
      const { labels, vectors } = this.library.vectors(
        added.subarray(at, at + BATCH),
        this.#index.embedder,
        this.dimensions,
      );
      await this.#index.add(labels, vectors);
    }
    this.#known = ids;
    this.#revision = revision;
  }
}
