// The index of the passages' vectors, brought up to date with the library before each search. It is kept in files, which save
// time and nothing else: what is missing in them, damaged, or of another embedder comes from the library. Not here: the index
// itself (vectors/).
import { EngramError } from '../errors.js';
import type { Library } from './library.js';
import { VectorIndex } from './vectors/index.js';

/** Passages that are read from the library at once. */
const BATCH = 10_000;

/** Errors of opening an index after which it is made again. */
const REBUILT = new Set(['not_found', 'corrupt', 'mismatch', 'unsupported']);

export class DenseIndex {
  #revision: number | undefined;

  private constructor(
    private readonly library: Library,
    private readonly folder: string,
    private readonly index: VectorIndex,
  ) {}

  static async open(
    library: Library,
    folder: string,
    { id, dimensions }: { id: string; dimensions: number },
  ): Promise<DenseIndex> {
    const options = { embedder: id, dimensions };
    const index = await VectorIndex.open(folder, options).catch((error: unknown) => {
      if (error instanceof EngramError && REBUILT.has(error.code)) return new VectorIndex(options);
      throw error;
    });
    const dense = new DenseIndex(library, folder, index);
    // An index of this very library; the same number may be reached by another one, after the library was deleted.
    if (index.revision === library.stamp) dense.#revision = library.revision;
    return dense;
  }

  get embedder(): string {
    return this.index.embedder;
  }

  /** The nearest passages by cosine, best first. */
  async search(query: Float32Array, k: number, allowed?: Uint32Array): Promise<{ id: number; score: number }[]> {
    await this.refresh();
    const { labels, scores } = this.index.search(query, k, { allowed });
    return Array.from(labels, (id, i) => ({ id, score: scores[i]! }));
  }

  /** Takes in what was ingested since, by this process or another. */
  async refresh(): Promise<void> {
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
    }
    this.#revision = revision;
  }

  /** Writes the files. Only the brain's one writer may. */
  async save(): Promise<void> {
    await this.refresh();
    await this.index.save(this.folder, { revision: this.library.stamp });
  }

  close(): Promise<void> {
    return this.index.close();
  }
}
