// `engram.brains`: brains as a whole, as files, and on another base model. Not here: the memories of the one that is open
// (memories.ts).
import { existsSync } from 'node:fs';
import {
  brainFolder,
  exportBrain,
  importBrain,
  listBrains,
  listSharedBrains,
  openBrain,
  removeBrain,
  type ExportOptions,
  type ExportReport,
  type ImportOptions,
  type ImportReport,
} from '../brain/index.js';
import { EngramError } from '../errors.js';
import { moveBrain, type MoveOptions, type MoveReport } from '../learn/index.js';
import { modelIdentity } from './model-identity.js';
import type { Parts } from './parts.js';

/** One of the home. */
export interface BrainSummary {
  name: string;
  /** What it belongs to. */
  model?: string;
  /** Remembered, and those of them whose adapter is damaged. */
  memories?: number;
  damaged?: number;
  /** When its first memory was learned. */
  since?: string;
  /** Why it cannot be read. */
  problem?: string;
}

export class Brains {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** With how much they hold, by name: those of the store, where one is set, else of the home. Throws what a store throws. */
  async list(): Promise<BrainSummary[]> {
    const found: BrainSummary[] = [];
    const { store } = this.#parts.settings;
    for (const name of store === undefined ? this.names() : await listSharedBrains(store)) {
      found.push(await this.get(name));
    }
    return found;
  }

  /** One of them; what keeps it from being read is its `problem`. */
  async get(name: string): Promise<BrainSummary> {
    const { home, store } = this.#parts.settings;
    try {
      const brain = await openBrain({ home, name, store });
      const all = brain.memories();
      const held = all.filter(({ state }) => state === 'remembered');
      const damaged = held.filter((memory) => memory.damaged !== undefined).length;
      const since = all[0] === undefined ? {} : { since: all[0].createdAt };
      const model = brain.model.name;
      brain.close();
      return { name, model, memories: held.length, damaged, ...since };
    } catch (error) {
      return { name, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Of those in the home that something was memorized into. */
  names(): string[] {
    return listBrains(this.#home);
  }

  /** Whether there is anything of this name: memories, documents or chats. */
  has(name: string): boolean {
    return existsSync(brainFolder(this.#home, name));
  }

  /** Writes the brain of this Engram into one file: ledger, adapters and index. Throws `not_found`, `exists`, `disk`,
   * `cancelled`. */
  async export(path: string, options: ExportOptions = {}): Promise<ExportReport> {
    return exportBrain(await this.#parts.brain.find(), path, options);
  }

  /** Makes a brain of such a file; it has to belong to the model of this Engram, if that is installed. `name`: here; default: the
   * one it had. Throws `exists`, `mismatch`, `corrupt`, `unsupported`, `disk`, `cancelled`. */
  async import(path: string, options: Omit<ImportOptions, 'home' | 'model' | 'store'> = {}): Promise<ImportReport> {
    const { home, model, store } = this.#parts.settings;
    return importBrain(path, { ...options, home, store, model: await modelIdentity(home, model) });
  }

  /** Trains the memories of the brain on the model of this Engram, and binds it to that: see learn/move.ts for what it throws. */
  async move(options: MoveOptions = {}): Promise<MoveReport> {
    const { brain: name, store } = this.#parts.settings;
    const { signal } = options;
    const brain = await openBrain({ home: this.#home, name, store });
    try {
      const identity = await this.#parts.identity(signal);
      const { generator, bases } = await this.#parts.model.open(signal);
      const cache = `${this.#home}/cache`;
      const partsOf: Parameters<typeof moveBrain>[2] = (other) => ({
        ...{ brain: other, router: this.#parts.routerOf(other), generator, cache },
        baseModel: () => bases.open(signal),
      });
      return await moveBrain(brain, identity, partsOf, options);
    } finally {
      brain.close();
      this.#parts.brain.close(); // what was open of it belongs to the other model
    }
  }

  /** Deletes one with all it holds. Throws `not_found`, `locked`, `unsupported` with a store. */
  async remove(name: string): Promise<void> {
    if (this.#parts.settings.store !== undefined) {
      throw new EngramError('unsupported', 'A brain in a store is not removed by this command.', {
        hint: '`engram forget` forgets its memories; docs/scaling.md says how a brain is removed from the database.',
      });
    }
    if (name === this.#parts.settings.brain) {
      this.#parts.brain.close();
      await this.#parts.retrieval.close();
    }
    if (await removeBrain({ home: this.#home, name })) return;
    throw new EngramError('not_found', `There is no brain "${name}".`, { hint: 'See `engram brain list`.' });
  }

  get #home(): string {
    return this.#parts.settings.home;
  }
}
