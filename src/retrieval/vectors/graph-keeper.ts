// The graph of an index as its vectors come and go: none while there are few; linked in short slices of the event loop; made
// anew beside the old one when that is worn. Not here: the graph itself, and searching.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Graph, loadLibrary, type GraphParameters } from './graph.js';
import type { VectorStore } from './vector-store.js';

/** How long the event loop stands still at most, but for one vector. */
export const SLICE_MS = 8;

export interface GraphKeeperOptions {
  parameters: GraphParameters;
  /** Vectors from which on there is a graph. */
  exactBelow: number;
  /** Awaited between two slices; linking ends with what it throws. */
  pause: () => Promise<void>;
}

export class GraphKeeper {
  /** Takes the place of the other when all is linked in it. */
  #next: Graph | undefined;
  #linking: Promise<void> | undefined;
  #graph: Graph | undefined;
  /** Slots without a vector that a graph still has; they can be used again when none has. */
  #dead: number[] = [];

  constructor(
    private readonly store: VectorStore,
    private readonly options: GraphKeeperOptions,
    graph: Graph | undefined,
  ) {
    this.#graph = graph;
    for (let slot = store.slots - 1; slot >= 0; slot--) if (!store.isLive(slot)) this.#dead.push(slot);
    this.#release();
  }

  /** What to search in; its pending slots are to be compared one by one. */
  get graph(): Graph | undefined {
    return this.#graph;
  }

  /** A slot has a vector. */
  enqueue(slot: number): void {
    this.#graph?.enqueue(slot);
    this.#next?.enqueue(slot);
  }

  /** A slot has no vector any more. */
  drop(slot: number): void {
    this.#graph?.drop(slot);
    this.#next?.drop(slot);
    if (this.#isKnown(slot)) this.#dead.push(slot);
    else this.store.release(slot);
    // Far below, so that an index of about that size does not make graphs all the time.
    if (this.store.size >= this.options.exactBelow / 2 || this.#graph === undefined) return;
    this.#graph = this.#next = undefined;
    this.#release();
  }

  #isKnown(slot: number): boolean {
    return this.#graph?.knows(slot) === true || this.#next?.knows(slot) === true;
  }

  #release(): void {
    this.#dead = this.#dead.filter((slot) => {
      const isKnown = this.#isKnown(slot);
      if (!isKnown) this.store.release(slot);
      return isKnown;
    });
  }

  /** Works off what is pending and makes a graph where one is due: one caller for all. Throws `native`. */
  async link(): Promise<void> {
    while (await this.#hasWork()) {
      this.#linking ??= this.#linkAll().finally(() => (this.#linking = undefined));
      await this.#linking;
    }
  }

  /** When nobody links any more, however that ended. */
  async settled(): Promise<void> {
    await this.#linking?.catch(() => undefined);
  }

  async #hasWork(): Promise<boolean> {
    const isDue = this.#graph === undefined ? this.store.size >= this.options.exactBelow : this.#graph.isWorn;
    if (isDue && this.#next === undefined) await this.#begin();
    return this.#next !== undefined || (this.#graph?.pending.size ?? 0) > 0;
  }

  async #begin(): Promise<void> {
    const library = await loadLibrary();
    if (library === undefined || this.#next !== undefined) return; // exact for ever; or begun meanwhile
    this.#next = Graph.create(library, this.options.parameters);
    for (const label of this.store.labels()) this.#next.enqueue(this.store.slotOf(label)!);
  }

  async #linkAll(): Promise<void> {
    for (let until = Date.now() + SLICE_MS; this.#linkOne();) {
      if (Date.now() < until) continue;
      await nextTurn();
      await this.options.pause();
      until = Date.now() + SLICE_MS;
    }
  }

  /** The graph in use comes first, so that a search has little to compare one by one. False when all is linked. */
  #linkOne(): boolean {
    for (const graph of [this.#graph, this.#next]) {
      for (const slot of graph?.pending ?? []) {
        graph!.link(slot, this.store.vector(slot));
        return true;
      }
    }
    if (this.#next === undefined) return false;
    this.#graph = this.#next;
    this.#next = undefined;
    this.#release();
    return false;
  }
}
