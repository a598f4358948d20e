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
    if (this.#opened !== undefined) return this.#opened.brain;
    if (this.#seen !== undefined) return this.#seen;
    if (!this.#exists) return undefined;
    const { home, name } = this.#parts;
    const seen = await openBrain({ home, name });
    if (this.#seen !== undefined) seen.close();
    return (this.#seen ??= seen);
  }

  /** The same. Throws `not_found` too. */
  async find(): Promise<Brain> {
    return (await this.look()) ?? this.#nothing();
  }

  /** None where nothing was ever memorized. */
  async open(signal?: AbortSignal): Promise<RoutedBrain | undefined> {
    return this.#opened === undefined && !this.#exists ? undefined : this.#open(false, signal);
  }

  /** Makes it where there is none. */
  openOrCreate(signal?: AbortSignal): Promise<RoutedBrain> {
    return this.#open(true, signal);
  }

  /** Throws `not_found` too. */
  async require(signal?: AbortSignal): Promise<RoutedBrain> {
    return (await this.open(signal)) ?? this.#nothing();
  }

  close(): void {
    this.#seen?.close();
    this.#opened?.brain.close();
    this.#seen = this.#opened = undefined;
  }

  get #exists(): boolean {
    return listBrains(this.#parts.home).includes(this.#parts.name);
  }

  #nothing(): never {
    throw new EngramError('not_found', 'Nothing has been memorized yet.', {
      hint: `The brain is "${this.#parts.name}".`,
    });
  }

  async #open(create: boolean, signal?: AbortSignal): Promise<RoutedBrain> {
    if (this.#opened !== undefined) return this.#opened;
    const { home, name, model, routerOf } = this.#parts;
    const brain = await openBrain({ home, name, model: await model(signal), create });
    const kept = (this.#opened ??= { brain, router: routerOf(brain) });
    if (kept.brain !== brain) brain.close(); // of two calls that opened it at once, the first one's is kept
    return kept;
  }
}
