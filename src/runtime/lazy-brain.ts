// The brain of an Engram, opened when something first needs it: to look into, which takes no model, or to answer and learn with. Not
// here: what is done with it.
import { listBrains, openBrain, type Brain, type ModelIdentity } from '../brain/index.js';
import { EngramError } from '../errors.js';
import type { Router } from '../gate/index.js';

export interface RoutedBrain {
  brain: Brain;
  router: Router;
}

export interface LazyBrainParts {
  home: string;
  name: string;
  /** Of a brain that is shared. */
  store: string | undefined;
  /** The base model that the brain has to belong to. */
  model: (signal?: AbortSignal) => Promise<ModelIdentity>;
  routerOf: (brain: Brain) => Router;
}

/** What opens throws as openBrain() does. */
export class LazyBrain {
  readonly #parts: LazyBrainParts;
  #opened: RoutedBrain | undefined;
  /** Bound to no model. */
  #seen: Brain | undefined;

  constructor(parts: LazyBrainParts) {
    this.#parts = parts;
  }

  /** To look into and to forget from; whatever model it belongs to. None where nothing was ever memorized. */
  async look(): Promise<Brain | undefined> {
    const there = this.#opened?.brain ?? this.#seen;
    if (there !== undefined) {
      await there.sync();
      return there;
    }
    if (!this.#mayExist) return undefined;
    const { home, name, store } = this.#parts;
    const seen = await this.#unlessMissing(openBrain({ home, name, store }));
    if (this.#seen !== undefined) seen?.close();
    return (this.#seen ??= seen);
  }

  /** The same. Throws `not_found` too. */
  async find(): Promise<Brain> {
    return (await this.look()) ?? this.#nothing();
  }

  /** None where nothing was ever memorized. */
  async open(signal?: AbortSignal): Promise<RoutedBrain | undefined> {
    await this.#opened?.brain.sync();
    if (this.#opened === undefined && !this.#mayExist) return undefined;
    return this.#unlessMissing(this.#open(false, signal));
  }

  /** Makes it where there is none. */
  openOrCreate(signal?: AbortSignal): Promise<RoutedBrain> {
    return this.#open(true, signal);
  }

  /** Throws `not_found` too. */
  async require(signal?: AbortSignal): Promise<RoutedBrain> {
    return (await this.open(signal)) ?? this.#nothing();
  }

  /** Why what the brain says may be old, in a sentence: its store cannot be reached. */
  get remark(): string | undefined {
    return (this.#opened?.brain ?? this.#seen)?.remark;
  }

  close(): void {
    this.#seen?.close();
    this.#opened?.brain.close();
    this.#seen = this.#opened = undefined;
  }

  /** What a store has only the store knows. */
  get #mayExist(): boolean {
    const { home, name, store } = this.#parts;
    return store !== undefined || listBrains(home).includes(name);
  }

  /** In a store there may be none of the name. */
  async #unlessMissing<T>(opening: Promise<T>): Promise<T | undefined> {
    try {
      return await opening;
    } catch (error) {
      const isMissing = error instanceof EngramError && error.code === 'not_found';
      if (this.#parts.store === undefined || !isMissing) throw error;
      return undefined;
    }
  }

  #nothing(): never {
    throw new EngramError('not_found', 'Nothing has been memorized yet.', {
      hint: `The brain is "${this.#parts.name}".`,
    });
  }

  async #open(create: boolean, signal?: AbortSignal): Promise<RoutedBrain> {
    if (this.#opened !== undefined) return this.#opened;
    const { home, name, store, model, routerOf } = this.#parts;
    const brain = await openBrain({ home, name, store, model: await model(signal), create });
    const kept = (this.#opened ??= { brain, router: routerOf(brain) });
    if (kept.brain !== brain) brain.close(); // of two calls that opened it at once, the first one's is kept
    return kept;
  }
}
