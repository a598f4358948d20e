// The vectors themselves: slots with a unit vector and its label each, in blocks, so that growing copies nothing. A slot that
// was freed is used again. Exact search over all of them or some. Not here: the graph over them, and files.
import { Best, innerProduct } from './nearest.js';

/** Vectors of a block. */
const BLOCK = 4096;

/** What of a slot may be found: 1 for those that may. */
export type SlotMask = Uint8Array;

export class VectorStore {
  readonly #blocks: Float32Array[] = [];
  readonly #slotOf = new Map<number, number>();
  readonly #free: number[] = [];
  #labels: Uint32Array = new Uint32Array(0);
  #live: SlotMask = new Uint8Array(0);
  #slots = 0;

  constructor(readonly dimensions: number) {}

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

  labelOf(slot: number): number {
    return this.#labels[slot]!;
  }

  isLive(slot: number): boolean {
    return this.#live[slot] === 1;
  }

  labels(): Uint32Array {
    return Uint32Array.from(this.#slotOf.keys()).sort();
  }

  /** Stores a vector of length 1; that of a label already there is replaced. Returns its slot. */
  set(label: number, unit: Float32Array): number {
    const slot = this.#slotOf.get(label) ?? this.#free.pop() ?? this.#newSlot();
    this.#slotOf.set(label, slot);
    this.#labels[slot] = label;
    this.#live[slot] = 1;
    this.#blocks[Math.floor(slot / BLOCK)]!.set(unit, (slot % BLOCK) * this.dimensions);
    return slot;
  }

  /** Frees the slot of a label and returns it; undefined if there is none. */
  delete(label: number): number | undefined {
    const slot = this.#slotOf.get(label);
    if (slot === undefined) return undefined;
    this.#slotOf.delete(label);
    this.#live[slot] = 0;
    this.#free.push(slot);
    return slot;
  }

  /** A view of the vector in a slot. */
  vector(slot: number): Float32Array {
    const at = (slot % BLOCK) * this.dimensions;
    return this.#blocks[Math.floor(slot / BLOCK)]!.subarray(at, at + this.dimensions);
  }

  score(slot: number, query: Float32Array): number {
    return innerProduct(query, this.#blocks[Math.floor(slot / BLOCK)]!, (slot % BLOCK) * this.dimensions);
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

  /** Of each slot its label, and whether it is live. */
  tables(): [labels: Uint32Array, live: Uint8Array] {
    return [this.#labels.subarray(0, this.#slots), this.#live.subarray(0, this.#slots)];
  }

  /** Views of the vectors of all slots, in order. */
  *blocks(): Iterable<Float32Array> {
    for (let first = 0; first < this.#slots; first += BLOCK) {
      const rows = Math.min(BLOCK, this.#slots - first);
      yield this.#blocks[first / BLOCK]!.subarray(0, rows * this.dimensions);
    }
  }

  /** Makes room for slots in an empty store, for the caller to fill; adopt() makes them vectors. */
  *allocate(slots: number): Iterable<Float32Array> {
    for (this.#slots = 0; this.#slots < slots;) {
      const rows = Math.min(BLOCK, slots - this.#slots);
      this.#blocks.push(new Float32Array(BLOCK * this.dimensions));
      this.#slots += rows;
      yield this.#blocks.at(-1)!.subarray(0, rows * this.dimensions);
    }
  }

  /** Takes over what tables() of another store gave. False if a label is there twice or a vector's length is not 1. */
  adopt(labels: Uint32Array, live: Uint8Array): boolean {
    this.#labels = labels;
    this.#live = live.map((value) => (value === 0 ? 0 : 1));
    for (let slot = this.#slots - 1; slot >= 0; slot--) {
      if (!this.isLive(slot)) {
        this.#free.push(slot);
        continue;
      }
      const vector = this.vector(slot);
      if (this.#slotOf.has(labels[slot]!) || !(Math.abs(innerProduct(vector, vector, 0) - 1) < 1e-4)) return false;
      this.#slotOf.set(labels[slot]!, slot);
    }
    return true;
  }

  /** Offers every vector of `mask` (default: all that are there). */
  scan(query: Float32Array, best: Best, mask: SlotMask = this.#live): void {
    const { dimensions } = this;
    let bar = best.bar;
    for (let first = 0; first < this.#slots; first += BLOCK) {
      const block = this.#blocks[first / BLOCK]!;
      const end = Math.min(BLOCK, this.#slots - first);
      for (let row = 0; row < end; row++) {
        if (mask[first + row] === 0) continue;
        const score = innerProduct(query, block, row * dimensions);
        if (score < bar) continue;
        best.offer(score, this.#labels[first + row]!);
        bar = best.bar;
      }
    }
  }

  #newSlot(): number {
    const slot = this.#slots++;
    if (slot % BLOCK === 0) this.#blocks.push(new Float32Array(BLOCK * this.dimensions));
    if (slot >= this.#labels.length) {
      const room = Math.max(1024, 2 * slot);
      this.#labels = extended(this.#labels, new Uint32Array(room));
      this.#live = extended(this.#live, new Uint8Array(room));
    }
    return slot;
  }
}

function extended<T extends Uint32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
