// The contexts of one model: one for the base model alone, and a few that are switched to the adapters a call asks for, so
// that a conversation finds again what was computed for it. Not here: computing (native/generate), whose turn it is.
import { awaitNative } from '../addon.js';
import { EngramError } from '../errors.js';
import { availableMemory } from '../models/index.js';
import { NO_ADAPTERS, type Adapters, type AdapterSet } from './adapters.js';
import type { Computes, NativeAdapter, NativeEngine, NativeLanguageModel } from './native.js';

/** Contexts besides the base model's. */
const SWITCHED = 2;

/** Tokens of the context in which texts are weighed beside the conversations. */
export const ASIDE_TOKENS = 1024;

export interface SlotOptions {
  contextSize: number;
  lanes: number;
  block: number;
  threads: number;
  /** For our own kernels. */
  weights: object | undefined;
  /** Of one context. */
  bytes: number;
}

interface Slot {
  readonly engine: NativeEngine;
  set: AdapterSet;
  /** Its lanes in the order of last use. */
  readonly lanes: number[];
}

/** Where the state of a conversation is. */
export interface Place {
  engine: NativeEngine;
  lane: number;
}

export class Slots {
  /** The base model's context first; the rest in the order of last use. */
  readonly #slots: Slot[] = [];
  #aside: Promise<NativeEngine> | undefined;
  /** Switching takes several steps, between which nobody else may switch. */
  #switching: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly model: NativeLanguageModel,
    private readonly adapters: Adapters,
    private readonly options: SlotOptions,
  ) {}

  /** Makes the base model's context, so that too little memory shows at once. Throws `memory`. */
  static async open(model: NativeLanguageModel, adapters: Adapters, options: SlotOptions): Promise<Slots> {
    const slots = new Slots(model, adapters, options);
    slots.#slots.push(await slots.#create());
    return slots;
  }

  /** Of the base model's context. */
  get computes(): Computes {
    return this.#slots[0]!.engine.computes;
  }

  /** A context that runs with these adapters. Throws `not_found`, `corrupt`, `mismatch`. */
  async with(set: AdapterSet): Promise<NativeEngine> {
    return (await this.#with(set)).engine;
  }

  /** The base model's context, and adapters for a part of an answer in it. Throws as with(). */
  async baseWith(set: AdapterSet): Promise<{ engine: NativeEngine; adapters: NativeAdapter[]; scales: Float32Array }> {
    return this.#alone(async () => {
      for (const path of this.adapters.outdated(set)) await this.#release(path);
      const loaded = await this.adapters.load(set);
      const inUse = this.#slots.flatMap(pathsOf).concat(pathsOf({ set }));
      this.adapters.freeUnused(new Set(inUse));
      return { engine: this.#slots[0]!.engine, ...loaded };
    });
  }

  /** A small context of the base model, where nothing that is kept of a conversation is in the way. Throws `memory`. */
  aside(): Promise<NativeEngine> {
    const options = { ...this.options, lanes: 1, contextSize: Math.min(ASIDE_TOKENS, this.options.contextSize) };
    this.#aside ??= awaitNative(() => this.model.createEngine(options)).catch((error: unknown) => {
      this.#aside = undefined; // the next one tries again
      throw error;
    });
    return this.#aside;
  }

  /** Notes where an answer was computed. */
  used({ engine, lane }: Place): void {
    const slot = this.#slots.find((one) => one.engine === engine);
    if (slot?.lanes.includes(lane) !== true) return;
    slot.lanes.splice(slot.lanes.indexOf(lane), 1);
    slot.lanes.push(lane);
  }

  /** Where the last answer with these adapters was computed, if a context still runs with them. */
  latest(set: AdapterSet): Place | undefined {
    const slot = this.#slots.find((one) => one.set.key === set.key);
    return slot && { engine: slot.engine, lane: slot.lanes.at(-1)! };
  }

  /** Where another conversation with these adapters disturbs least. It then counts as used. Throws as with(). */
  async spare(set: AdapterSet): Promise<Place> {
    const { engine, lanes } = await this.#with(set);
    const place = { engine, lane: lanes[0]! };
    this.used(place);
    return place;
  }

  #with(set: AdapterSet): Promise<Slot> {
    return this.#alone(async () => {
      for (const path of this.adapters.outdated(set)) await this.#release(path);
      const base = this.#slots[0]!;
      let slot = set.key === '' ? base : this.#slots.find((one) => one.set.key === set.key);
      slot ??= await this.#free();
      if (slot !== base) {
        this.#slots.splice(this.#slots.indexOf(slot), 1);
        this.#slots.push(slot);
      }
      await this.#switch(slot, set);
      this.adapters.freeUnused(new Set(this.#slots.flatMap(pathsOf)));
      return slot;
    });
  }

  /** Frees an adapter file, so that it can be replaced or deleted. */
  release(path: string): Promise<void> {
    return this.#alone(() => this.#release(path));
  }

  async close(): Promise<void> {
    await this.#alone(async () => {
      const aside = await this.#aside?.catch(() => undefined);
      if (aside !== undefined) await awaitNative(() => aside.close());
      for (const { engine } of this.#slots) await awaitNative(() => engine.close());
      this.#slots.length = 0;
      this.adapters.close();
    });
  }

  #alone<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#switching.then(action);
    this.#switching = result.catch(() => undefined);
    return result;
  }

  async #release(path: string): Promise<void> {
    for (const slot of this.#slots) if (pathsOf(slot).includes(path)) await this.#switch(slot, NO_ADAPTERS);
    this.adapters.free(path);
  }

  async #switch(slot: Slot, set: AdapterSet): Promise<void> {
    if (slot.set.key === set.key) return;
    slot.set = NO_ADAPTERS; // what holds if loading an adapter fails
    await this.adapters.apply(slot.engine, NO_ADAPTERS);
    if (set.key !== '') await this.adapters.apply(slot.engine, set);
    slot.set = set;
  }

  /** A context to be switched: a new one while there are few and memory is plenty, else the least recently used. Where there
   * is no memory for a second one at all, the base model's. */
  async #free(): Promise<Slot> {
    const [base, ...switched] = this.#slots;
    const idle = switched.find(({ set }) => set.key === '');
    if (idle !== undefined) return idle;
    if (switched.length < SWITCHED && availableMemory() > 4 * this.options.bytes) {
      try {
        const slot = await this.#create();
        this.#slots.push(slot);
        return slot;
      } catch (error) {
        if (!(error instanceof EngramError && error.code === 'memory')) throw error;
      }
    }
    return switched[0] ?? base!;
  }

  async #create(): Promise<Slot> {
    const engine = await awaitNative(() => this.model.createEngine(this.options));
    return { engine, set: NO_ADAPTERS, lanes: Array.from({ length: this.options.lanes }, (_, lane) => lane) };
  }
}

const pathsOf = ({ set }: Pick<Slot, 'set'>): string[] => set.members.map(({ path }) => path);
