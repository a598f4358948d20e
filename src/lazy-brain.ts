// The brain of an Engram with its router, opened when something first needs it. Not here: what is done with them (engram.ts).
import { EngramError } from './errors.js';
import { listBrains, openBrain, type Brain, type ModelIdentity } from './brain/index.js';
import { type Router } from './gate/index.js';

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

  constructor(parts: LazyBrainParts) {
    this.#parts = parts;
  }

  /** What is open: none until it was needed. */
  get opened(): Brain | undefined {
    return this.#opened?.brain;
  }

  /** None where nothing was ever memorized. */
  async open(signal?: AbortSignal): Promise<RoutedBrain | undefined> {
    const { home, name, store } = this.#parts;
    await this.#opened?.brain.sync();
    if (this.#opened === undefined && store === undefined && !listBrains(home).includes(name)) return undefined;
    try {
      return await this.#open(false, signal);
    } catch (error) {
      if (store !== undefined && error instanceof EngramError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** Makes it where there is none. */
  openOrCreate(signal?: AbortSignal): Promise<RoutedBrain> {
    return this.#open(true, signal);
  }

  /** Throws `not_found` too. */
  async require(): Promise<RoutedBrain> {
    const opened = await this.open();
    if (opened === undefined) throw new EngramError('not_found', 'Nothing has been memorized yet.');
    return opened;
  }

  close(): void {
    this.#opened?.brain.close();
    this.#opened = undefined;
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
