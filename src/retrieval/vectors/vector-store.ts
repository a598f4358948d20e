// The vectors of an index: slots with a unit vector and its label each. A slot that was released is used again. Exact search over
// all of them or some. Not here: the graph over them, and files.
import type { Best } from './nearest.js';
import { BATCH, VectorMemory } from './vector-memory.js';

/** Of each slot whether it may be found: 1 or 0. */
export type SlotMask = Uint8Array;

const LEAST_SLOTS = 256;

export class VectorStore {
  readonly #memory: VectorMemory;
  readonly #slotOf = new Map<number, number>();
  readonly #free: number[] = [];
  #labels: Uint32Array = new Uint32Array(0);
  #live: SlotMask = new Uint8Array(0);
  #slots = 0;

  /** Throws `memory`. */
  constructor(readonly dimensions: number) {
    this.#memory = new VectorMemory(dimensions);
  }

  /** Vectors there are. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Slots there are, free ones among them. */
  get slots(): number {
    return this.#slots;
  }

  slotOf(label: number): number | undefined {
    return this.#slotOf.get(label);
  }

  isLive(slot: number): boolean {
    return this.#live[slot] === 1;
  }

  labels(): Uint32Array {
    return Uint32Array.from(this.#slotOf.keys()).sort();
  }

  /** Makes room for so many vectors more. Throws `memory`. */
  reserve(count: number): void {
    const slots = this.#slots + Math.max(0, count - this.#free.length);
    this.#memory.reserve(slots);
    if (slots <= this.#labels.length) return;
    const room = Math.max(LEAST_SLOTS, slots, 2 * this.#labels.length);
    const [labels, live] = [new Uint32Array(room), new Uint8Array(room)];
    labels.set(this.#labels);
    live.set(this.#live);
    this.#labels = labels;
    this.#live = live;
  }

  /** Stores a vector of length 1 under a label that is not there; there must be room. Returns its slot. */
  set(label: number, unit: Float32Array): number {
    const slot = this.#free.pop() ?? this.#slots++;
    this.#slotOf.set(label, slot);
    this.#labels[slot] = label;
    this.#live[slot] = 1;
    this.#memory.vector(slot).set(unit);
    return slot;
  }

  /** Takes a label out and returns its slot, which is not used again before release(); undefined if it is not there. */
  delete(label: number): number | undefined {
    const slot = this.#slotOf.get(label);
    if (slot === undefined) return undefined;
    this.#slotOf.delete(label);
    this.#live[slot] = 0;
    return slot;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  /** A view of the vector in a slot, until a vector is added. */
  vector(slot: number): Float32Array {
    return this.#memory.vector(slot);
  }

  /** The slots of those of these labels that are there. */
  maskOf(labels: Iterable<number>): { mask: SlotMask; count: number } {
    const mask = new Uint8Array(this.#slots);
    let count = 0;
    for (const label of labels) {
      const slot = this.#slotOf.get(label);
      if (slot === undefined || mask[slot] === 1) continue;
      mask[slot] = 1;
      count++;
    }
    return { mask, count };
  }

  /** Offers every vector of `mask` (default: all that are there). */
  scan(query: Float32Array, best: Best, mask: SlotMask = this.#live): void {
    const { rows } = this.#memory;
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      if (mask[slot] === 0) continue;
      rows[count++] = slot;
      if (count < BATCH) continue;
      this.#offer(query, count, best);
      count = 0;
    }
    this.#offer(query, count, best);
  }

  /** Offers the vectors in some slots. */
  scanSlots(query: Float32Array, best: Best, slots: readonly number[]): void {
    for (let first = 0; first < slots.length; first += BATCH) {
      const count = Math.min(BATCH, slots.length - first);
      for (let i = 0; i < count; i++) this.#memory.rows[i] = slots[first + i]!;
      this.#offer(query, count, best);
    }
  }

  #offer(query: Float32Array, count: number, best: Best): void {
    if (count === 0) return;
    const products = this.#memory.products(query, count);
    const { rows } = this.#memory;
    let { bar } = best;
    for (let i = 0; i < count; i++) {
      const score = products[i]!;
      if (score < bar) continue;
      best.offer(score, this.#labels[rows[i]!]!);
      ({ bar } = best);
    }
  }

  /** Of each slot its label, and whether it is live. */
  tables(): [labels: Uint32Array, live: SlotMask] {
    return [this.#labels.subarray(0, this.#slots), this.#live.subarray(0, this.#slots)];
  }

  /** Takes over what tables() of another store gave, into an empty one; the vectors are then to be written with vector() and
   * checked with areSound(), and slots that are not live are to be released. False if a label is there twice. Throws `memory`. */
  adopt(labels: Uint32Array, live: SlotMask): boolean {
    this.reserve(labels.length);
    this.#slots = labels.length;
    this.#labels.set(labels);
    for (let slot = this.#slots - 1; slot >= 0; slot--) {
      if (live[slot] === 0) continue;
      if (this.#slotOf.has(labels[slot]!)) return false;
      this.#slotOf.set(labels[slot]!, slot);
      this.#live[slot] = 1;
    }
    return true;
  }

  /** Whether the length of every vector is 1. */
  areSound(): boolean {
    const { rows } = this.#memory;
    for (const slot of this.#slotOf.values()) {
      rows[0] = slot;
      if (!(Math.abs(this.#memory.products(this.#memory.vector(slot), 1)[0]! - 1) < 1e-4)) return false;
    }
    return true;
  }
}
