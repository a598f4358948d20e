// The index of the passages' vectors, brought up to date with the library before each search. It is kept in files, which save
// time and nothing else: what is missing in them, damaged, or of another embedder comes from the library; a vector that is
// damaged there is computed again. Not here: the index itself (vectors/).
import type { Embedder } from '../embedding/index.js';
import { EngramError } from '../errors.js';
import type { Library } from './library.js';
import { hasDirection } from './rows.js';
import { VectorIndex } from './vectors/index.js';

/** Passages that are read from the library at once. */
const BATCH = 10_000;

/** Damaged vectors that are computed again at once. */
const MENDED = 128;

/** Errors of opening an index after which it is made again. */
const REBUILT = new Set(['not_found', 'corrupt', 'mismatch', 'unsupported']);

export class DenseIndex {
  #revision: number | undefined;
  /** Vectors that were damaged in the library, which gets these in their place when it is next written. */
  readonly #mended = new Map<number, { hash: Uint8Array; vector: Float32Array }>();

  private constructor(
    private readonly library: Library,
    private readonly folder: string,
    private readonly index: VectorIndex,
    private readonly model: Embedder,
  ) {}

  static async open(library: Library, folder: string, embedder: Embedder): Promise<DenseIndex> {
    const options = { embedder: embedder.id, dimensions: embedder.dimensions };
    const index = await VectorIndex.open(folder, options).catch((error: unknown) => {
      if (error instanceof EngramError && REBUILT.has(error.code)) return new VectorIndex(options);
      throw error;
    });
    const dense = new DenseIndex(library, folder, index, embedder);
    // An index of this very library; the same number may be reached by another one, after the library was deleted.
    if (index.revision === library.stamp) dense.#revision = library.revision;
    return dense;
  }

  get embedder(): string {
    return this.index.embedder;
  }

  /** The nearest passages by cosine, best first. */
  async search(
    query: Float32Array,
    k: number,
    { allowed, signal }: { allowed?: Uint32Array | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<{ id: number; score: number }[]> {
    await this.refresh(signal);
    const { labels, scores } = this.index.search(query, k, { allowed });
    return Array.from(labels, (id, i) => ({ id, score: scores[i]! }));
  }

  /** Takes in what was ingested since, by this process or another. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const { library, index } = this;
    const { revision } = library;
    if (revision === this.#revision) return;
    const ids = library.passages.ids();
    const current = new Set(ids);
    await index.remove(index.labels().filter((id) => !current.has(id)));
    const added = ids.filter((id) => !index.has(id));
    for (let at = 0; at < added.length; at += BATCH) {
      const batch = library.passages.vectors(added.subarray(at, at + BATCH), index.embedder, index.dimensions);
      await index.add(batch.labels, batch.vectors);
      for (let i = 0; i < batch.unsound.length; i += MENDED)
        await this.#mend(batch.unsound.slice(i, i + MENDED), signal);
    }
    this.#revision = revision;
  }

  async #mend(ids: readonly number[], signal: AbortSignal | undefined): Promise<void> {
    const passages = this.library.passages.embedded(ids);
    const texts = passages.map(({ text }) => text);
    const vectors = await this.model.embed(texts, { signal });
    for (const [i, { id, hash }] of passages.entries()) {
      const vector = vectors[i]!;
      if (!hasDirection(vector)) continue; // the model has nothing to say of it: words still find it
      await this.index.add(Uint32Array.of(id), vector);
      this.#mended.set(id, { hash, vector });
    }
  }

  /** Writes the files, and what was mended into the library. Only the brain's one writer may. */
  async save(): Promise<void> {
    await this.refresh();
    if (this.#mended.size > 0) {
      this.library.write({ embedder: this.embedder, vectors: [...this.#mended.values()] });
      this.#mended.clear();
      this.#revision = this.library.revision;
    }
    await this.index.save(this.folder, { revision: this.library.stamp });
  }

  close(): Promise<void> {
    return this.index.close();
  }
}
