// A graph over the slots of a store (HNSW), in which the nearest are found without looking at all of them. The only importer
// of hnswlib-node, whose indices neither grow, nor free, nor remember ef, nor take typed arrays; and a reader that trusts
// its file, so that read() is for files whose hash is known. Not here: the vectors of slots that are not linked yet.
import { createRequire } from 'node:module';
import type * as Hnsw from 'hnswlib-node';
import { EngramError } from '../../errors.js';
import { findCompiled } from '../../prebuilt.js';

export interface GraphParameters {
  dimensions: number;
  connections: number;
  efConstruction: number;
}

/** What the graph knows of a slot, 0 for nothing. A dead one is still walked through, and found no more. */
const LINKED = 1;
const DEAD = 2;

/** A graph with so many dead more than half of the living is made anew. */
const MOST_DEAD = 64;

const LEAST_CAPACITY = 1024;
const GROWTH = 1.5;
/** Drawing levels from the same numbers makes the same graph of the same vectors. */
const SEED = 100;

export type HnswLibrary = typeof Hnsw;

/** hnswlib-node as a checkout built it, or its addon from the platform's package. Undefined where there is neither: searches
 * are then exact, and slower. */
export async function loadLibrary(): Promise<HnswLibrary | undefined> {
  try {
    return (await import('hnswlib-node')).default as unknown as HnswLibrary;
  } catch {
    return loadCompiled();
  }
}

function loadCompiled(): HnswLibrary | undefined {
  const path = findCompiled('hnswlib.node');
  try {
    return path === undefined ? undefined : (createRequire(import.meta.url)(path) as HnswLibrary);
  } catch {
    return undefined;
  }
}

export class Graph {
  /** Slots to link, in order. */
  readonly pending = new Set<number>();
  readonly #hnsw: Hnsw.HierarchicalNSW;
  /** hnswlib-node takes arrays only. */
  readonly #array: number[];
  #states: Uint8Array;
  #linked = 0;
  #dead = 0;
  #ef = 0;

  private constructor(hnsw: Hnsw.HierarchicalNSW, dimensions: number) {
    this.#hnsw = hnsw;
    this.#array = new Array<number>(dimensions).fill(0.5); // kept as doubles from the beginning
    this.#states = new Uint8Array(hnsw.getMaxElements());
  }

  static create(library: HnswLibrary, { dimensions, connections, efConstruction }: GraphParameters): Graph {
    const hnsw = new library.HierarchicalNSW('ip', dimensions);
    hnsw.initIndex({ maxElements: LEAST_CAPACITY, m: connections, efConstruction, randomSeed: SEED });
    return new Graph(hnsw, dimensions);
  }

  /** Reads what write() wrote. `slots` says how many there may be, and which of those in the graph are not dead. Throws
   * `corrupt`. */
  static async read(
    library: HnswLibrary,
    path: string,
    dimensions: number,
    slots: { count: number; isLinked: (slot: number) => boolean },
  ): Promise<Graph> {
    const hnsw = new library.HierarchicalNSW('ip', dimensions);
    try {
      await hnsw.readIndex(path);
      const graph = new Graph(hnsw, dimensions);
      for (const slot of hnsw.getIdsList()) {
        if (slot >= slots.count) throw new RangeError(`slot ${slot} of ${slots.count}`);
        graph.#makeRoom(slot);
        const linked = slots.isLinked(slot);
        graph.#states[slot] = linked ? LINKED : DEAD;
        if (linked) graph.#linked++;
        else graph.#dead++;
      }
      return graph;
    } catch (error) {
      throw new EngramError('corrupt', `The graph in ${path} cannot be read.`, { cause: error });
    }
  }

  /** Vectors that can be found. */
  get size(): number {
    return this.#linked;
  }

  isLinked(slot: number): boolean {
    return this.#states[slot] === LINKED;
  }

  /** Whether so many are dead that a new graph of the same vectors is worth its time. */
  get isWorn(): boolean {
    return this.#dead > MOST_DEAD + this.#linked / 2;
  }

  /** Whether a slot is linked or dead. A dead one stays as it is: hnswlib could give its node another vector, but takes eight
   * times as long for that as for a new node (measured: 3.0 and 0.37 ms), and chooses worse links. */
  knows(slot: number): boolean {
    return (this.#states[slot] ?? 0) !== 0;
  }

  /** A slot that it does not know has a vector: it is to be linked. */
  enqueue(slot: number): void {
    this.pending.add(slot);
  }

  /** The vector of a slot is gone for good. */
  drop(slot: number): void {
    this.pending.delete(slot);
    if (this.#states[slot] !== LINKED) return;
    this.#hnsw.markDelete(slot);
    this.#states[slot] = DEAD;
    this.#linked--;
    this.#dead++;
  }

  /** Links a pending slot, which takes a millisecond or so. Throws `native`. */
  link(slot: number, unit: Float32Array): void {
    try {
      this.#makeRoom(slot);
      this.#hnsw.addPoint(this.#arrayOf(unit), slot);
    } catch (error) {
      throw new EngramError('native', 'hnswlib could not add a vector to its graph.', {
        hint: 'Delete the index; it is made again.',
        cause: error,
      });
    }
    this.#states[slot] = LINKED;
    this.#linked++;
    this.pending.delete(slot);
  }

  /** Calls `found` with about the `k` nearest linked slots, in no order. */
  search(unit: Float32Array, k: number, ef: number, found: (slot: number) => void): void {
    const most = Math.min(k, this.#linked);
    if (most === 0) return;
    if (ef !== this.#ef) this.#hnsw.setEf((this.#ef = ef));
    for (const slot of this.#hnsw.searchKnn(this.#arrayOf(unit), most).neighbors) found(slot);
  }

  /** Writes it into a file, on another thread; nothing may be linked or dropped meanwhile. A full disk goes unnoticed. */
  async write(path: string): Promise<void> {
    await this.#hnsw.writeIndex(path);
  }

  #arrayOf(unit: Float32Array): number[] {
    const array = this.#array;
    for (let i = 0; i < array.length; i++) array[i] = unit[i]!;
    return array;
  }

  #makeRoom(slot: number): void {
    // The capacity is of nodes, and there are never more of them than slots.
    if (slot < this.#states.length) return;
    const capacity = Math.max(slot + 1, Math.ceil(this.#states.length * GROWTH));
    if (capacity > this.#hnsw.getMaxElements()) this.#hnsw.resizeIndex(capacity);
    const states = new Uint8Array(capacity);
    states.set(this.#states);
    this.#states = states;
  }
}
