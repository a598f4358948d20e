// An index of vectors: add, remove, find the nearest by cosine, save. Exact while it is small; above that a graph finds most of
// the nearest, and what is not linked into it yet is compared one by one. Not here: where vectors come from, what their labels
// stand for, and a lock: one process changes the index of a folder.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngramError } from '../../errors.js';
import { GraphKeeper, SLICE_MS } from './graph-keeper.js';
import { loadLibrary, type Graph, type GraphParameters } from './graph.js';
import { readIndex, writeIndex, type IndexContent } from './index-files.js';
import { Best, unitVector } from './nearest.js';
import type { Hits, SaveOptions, SearchOptions, VectorBatch, VectorIndexOptions } from './types.js';
import { VectorStore, type SlotMask } from './vector-store.js';

const DEFAULTS = { ef: 128, connections: 16, efConstruction: 200, exactBelow: 8192 };

/** Of candidates that are not allowed so many more are fetched than their share says. */
const OVERFETCH = 1.5;
/** Keeping one candidate while the graph is walked takes as long as comparing so many vectors (measured with 6,000 of 384
 * numbers: 2.9 and 0.12 µs). */
const GRAPH_COST = 24;

export class VectorIndex {
  readonly dimensions: number;
  readonly embedder: string;
  readonly ef: number;
  readonly #parameters: GraphParameters;
  readonly #exactBelow: number;
  #store: VectorStore;
  #keeper: GraphKeeper;
  #saving: Promise<void> | undefined;
  #revision = '';
  /** Grows with every change. */
  #version = 0;
  #savedVersion = -1;
  #savedFolder: string | undefined;
  #closed = false;

  /** An empty index. Throws `usage` for parameters that cannot be. */
  constructor(options: VectorIndexOptions) {
    const { dimensions, embedder, ef, connections, efConstruction, exactBelow } = options;
    this.dimensions = checked('dimensions', dimensions, 1, 65_536);
    this.embedder = embedder;
    this.ef = checked('ef', ef ?? DEFAULTS.ef, 1, 1e6);
    this.#parameters = {
      dimensions,
      connections: checked('connections', connections ?? DEFAULTS.connections, 2, 256),
      efConstruction: checked('efConstruction', efConstruction ?? DEFAULTS.efConstruction, 1, 1e6),
    };
    this.#exactBelow = checked('exactBelow', exactBelow ?? DEFAULTS.exactBelow, 1, Number.MAX_SAFE_INTEGER);
    this.#store = new VectorStore(dimensions);
    this.#keeper = this.#keeperOf(undefined);
  }

  /** Reads what save() wrote. Throws `not_found` if there is no index in the folder, `corrupt` for a damaged one, `mismatch`
   * for one of another embedder or length, `unsupported` for one of a newer engram: in all these cases the caller makes it
   * again (openOrRebuild does). Also `usage`, `disk`. */
  static async open(folder: string, options: VectorIndexOptions): Promise<VectorIndex> {
    const content = await readIndex(folder, options, await loadLibrary());
    const index = new VectorIndex({ ...content.parameters, ...given(options) });
    index.#store = content.store;
    index.#keeper = index.#keeperOf(content.graph);
    index.#revision = content.revision;
    index.#savedVersion = index.#version;
    index.#savedFolder = folder;
    return index;
  }

  /** Opens the index of a folder or, if it cannot be used, makes it again of what `batches` yields, and saves it. `reason` is
   * why, with the code `not_found` where there was none. Throws `usage`, `disk`, and what `batches` throws. */
  static async openOrRebuild(
    folder: string,
    options: VectorIndexOptions,
    batches: (reason: EngramError) => AsyncIterable<VectorBatch> | Iterable<VectorBatch>,
    save: SaveOptions = {},
  ): Promise<VectorIndex> {
    try {
      return await VectorIndex.open(folder, options);
    } catch (error) {
      if (!(error instanceof EngramError) || !REBUILT.has(error.code)) throw error;
      const index = new VectorIndex(options);
      for await (const { labels, vectors } of batches(error)) await index.add(labels, vectors);
      await index.save(folder, save);
      return index;
    }
  }

  /** Vectors in it. */
  get size(): number {
    return this.#store.size;
  }

  /** What the last save was given. */
  get revision(): string {
    return this.#revision;
  }

  /** How a search for all finds: by comparing with every vector, or through the graph. */
  get method(): 'exact' | 'graph' {
    return this.#keeper.graph === undefined ? 'exact' : 'graph';
  }

  has(label: number): boolean {
    return this.#store.slotOf(label) !== undefined;
  }

  /** The vector of a label, of length 1; a copy. Undefined if there is none. */
  vector(label: number): Float32Array | undefined {
    const slot = this.#store.slotOf(label);
    return slot === undefined ? undefined : this.#store.vector(slot).slice();
  }

  /** The labels there are, ascending. */
  labels(): Uint32Array {
    return this.#store.labels();
  }

  /** Stores vectors under labels; a label that is there gets the new vector. They are found at once (after a save that is
   * under way); the promise is kept when they are also linked into the graph, where there is one, which happens in short
   * slices of the event loop. Throws `usage`, and then adds none, for a number of values other than labels times dimensions
   * and for a vector without direction: zero, NaN, infinite. */
  async add(labels: Uint32Array, vectors: Float32Array): Promise<void> {
    this.#requireOpen();
    const units = this.#units(vectors, labels.length);
    if (this.#saving !== undefined) await this.#whileNotSaving();
    this.#store.reserve(labels.length);
    units.forEach((unit, i) => {
      this.#delete(labels[i]!);
      this.#keeper.enqueue(this.#store.set(labels[i]!, unit));
    });
    this.#version++;
    await this.#keeper.link();
  }

  /** Takes vectors out; they are not found any more when the promise is kept, and their places are used again. Labels that
   * are not there are passed over. Returns how many were. */
  async remove(labels: Iterable<number>): Promise<number> {
    this.#requireOpen();
    if (this.#saving !== undefined) await this.#whileNotSaving();
    let removed = 0;
    for (const label of labels) if (this.#delete(label)) removed++;
    if (removed > 0) this.#version++;
    return removed;
  }

  #delete(label: number): boolean {
    const slot = this.#store.delete(label);
    if (slot !== undefined) this.#keeper.drop(slot);
    return slot !== undefined;
  }

  /** The `k` nearest to a query, of any length but 0. Throws `usage` for a query that is no vector of this index. */
  search(query: Float32Array, k: number, options: SearchOptions = {}): Hits {
    const [unit] = this.#units(query, 1);
    const search = this.#prepared(k, options);
    return search(unit!);
  }

  /** search() for `queries.length / dimensions` queries, in slices between which the event loop goes on. */
  async searchMany(queries: Float32Array, k: number, options: SearchOptions = {}): Promise<Hits[]> {
    const units = this.#units(queries, Math.floor(queries.length / this.dimensions));
    const hits: Hits[] = [];
    let search = this.#prepared(k, options);
    let version = this.#version;
    for (let until = Date.now() + SLICE_MS; hits.length < units.length;) {
      hits.push(search(units[hits.length]!));
      if (Date.now() < until) continue;
      await nextTurn();
      until = Date.now() + SLICE_MS;
      if (version === this.#version) continue;
      search = this.#prepared(k, options); // slots have changed meanwhile
      version = this.#version;
    }
    return hits;
  }

  /** Writes it into a folder, which then holds this index or, if the process is killed before, what it held before. Changes
   * wait meanwhile. Nothing is written if nothing changed. Throws `disk`, `locked`. */
  async save(folder: string, { revision }: SaveOptions = {}): Promise<void> {
    this.#requireOpen();
    if (this.#saving !== undefined) await this.#whileNotSaving();
    const content = this.#content(revision ?? this.#revision);
    const isSaved = this.#savedVersion === this.#version && this.#savedFolder === folder;
    if (isSaved && content.revision === this.#revision) return;
    const saving = writeIndex(folder, content);
    this.#saving = saving.catch(() => undefined).finally(() => (this.#saving = undefined));
    await saving;
    this.#revision = content.revision;
    this.#savedVersion = this.#version;
    this.#savedFolder = folder;
  }

  /** Links what is not linked yet and makes a worn graph anew; add() does both. */
  async optimize(): Promise<void> {
    this.#requireOpen();
    await this.#keeper.link();
  }

  /** Frees the vectors. What is being linked breaks off with `cancelled`; what is being saved is saved. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#keeper.settled();
    await this.#whileNotSaving();
    this.#store = new VectorStore(this.dimensions);
    this.#keeper = this.#keeperOf(undefined);
  }

  #content(revision: string): IndexContent {
    const { ef } = this;
    return {
      embedder: this.embedder,
      revision,
      parameters: { ...this.#parameters, ef },
      store: this.#store,
      graph: this.#keeper.graph,
    };
  }

  #keeperOf(graph: Graph | undefined): GraphKeeper {
    const pause = async (): Promise<void> => {
      await this.#whileNotSaving();
      if (this.#closed) throw new EngramError('cancelled', 'The index was closed while vectors were being linked.');
    };
    const options = { parameters: this.#parameters, exactBelow: this.#exactBelow, pause };
    return new GraphKeeper(this.#store, options, graph);
  }

  async #whileNotSaving(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving;
  }

  #prepared(k: number, { ef = this.ef, allowed }: SearchOptions): (unit: Float32Array) => Hits {
    checked('k', k, 1, Number.MAX_SAFE_INTEGER);
    checked('ef', ef, 1, 1e6);
    const store = this.#store;
    const chosen = allowed === undefined ? undefined : store.maskOf(allowed);
    const most = Math.min(k, chosen?.count ?? store.size);
    return (unit) => {
      const best = new Best(most);
      if (most === 0) return best.take();
      const { graph } = this.#keeper;
      if (graph === undefined || !this.#throughGraph(graph, unit, best, ef, chosen)) {
        store.scan(unit, best, chosen?.mask);
      }
      return best.take();
    };
  }

  /** False, and nothing offered, if comparing one by one is faster or the graph does not have enough of what is allowed. */
  #throughGraph(
    graph: Graph,
    unit: Float32Array,
    best: Best,
    ef: number,
    chosen: { mask: SlotMask; count: number } | undefined,
  ): boolean {
    const store = this.#store;
    const count = chosen?.count ?? store.size;
    const wanted = chosen === undefined ? best.k : Math.ceil((OVERFETCH * best.k * store.size) / count);
    if (chosen !== undefined && Math.max(ef, wanted) * GRAPH_COST > count) return false;
    const found: number[] = [];
    graph.search(unit, wanted, Math.max(ef, wanted), (slot) => {
      if (chosen === undefined || chosen.mask[slot] === 1) found.push(slot);
    });
    for (const slot of graph.pending) if (chosen === undefined || chosen.mask[slot] === 1) found.push(slot);
    if (found.length < best.k) return false;
    // Scores are computed here, so that a vector has one score however it is found.
    store.scanSlots(unit, best, found);
    return true;
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

  #requireOpen(): void {
    if (this.#closed) throw new EngramError('usage', 'This index has been closed.');
  }
}

const REBUILT: ReadonlySet<string> = new Set(['not_found', 'corrupt', 'mismatch', 'unsupported']);

function checked(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new EngramError('usage', `Expected a whole number from ${least} to ${most} for ${name} but received ${value}.`);
}

/** The options without those that are undefined. */
function given(options: VectorIndexOptions): VectorIndexOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
