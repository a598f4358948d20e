// Everything that the server asks of class Engram and its index, and nothing else: which model and brain are open, kept open
// while somebody uses them, and closed when others need the room. Not here: HTTP, queues, dialects.
import { AbortError } from '../errors.js';
import type * as index from '../index.js';
import type { Settings } from '../options/index.js';
import { shownName } from './shown-name.js';

type Index = typeof index;

/** What the server uses of an Engram. */
export interface Opened extends Pick<
  index.Engram,
  'load' | 'chat' | 'complete' | 'tokens' | 'textOf' | 'countChat' | 'contextSize' | 'embed' | 'close'
> {
  readonly memories: Omit<index.Memories, 'check' | 'rebuild' | 'remark'>;
  readonly documents: Pick<index.Documents, 'ingest' | 'search' | 'list' | 'remove'>;
  readonly adapters: Pick<index.Adapters, 'train' | 'list' | 'get' | 'remove' | 'runs' | 'run'>;
  readonly models: Pick<index.Models, 'list' | 'pull'>;
  readonly brains: Pick<index.Brains, 'names' | 'list' | 'get'>;
}

/** What of the public API the server uses, so that its tests can stand a fake in its place. */
export interface EngineApi extends Pick<Index, 'doctor' | 'RunControl'> {
  Engram: { open: (options: index.OpenOptions) => Promise<Opened> };
  openEmbedder: (options: index.OpenEmbedderOptions) => Promise<Pick<index.Embedder, 'embed' | 'close'>>;
}

/** Who answers: a model alone, with a named adapter (or the file of one), or with a brain. */
export interface Target {
  /** Of the catalog, or what the server was started with. */
  model: string;
  brain?: string;
  adapter?: string;
}

interface Kept {
  opened: Promise<Opened>;
  model: string;
  brain: string;
  /** How many use it now: it is not closed before they are done. */
  users: number;
  usedAt: number;
}

export interface EngineOptions {
  /** Open brains that are kept. Default 2. */
  keep?: number;
  /** Milliseconds without use after which one is closed. Default: never. */
  keepAliveMs?: number | undefined;
}

export class Engine {
  readonly settings: Settings;
  readonly api: EngineApi;
  readonly #kept: Kept[] = [];
  readonly #keep: number;
  readonly #keepAliveMs: number | undefined;
  #embedder: Promise<Pick<index.Embedder, 'embed' | 'close'>> | undefined;
  #own: Promise<Opened> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(api: EngineApi, settings: Settings, { keep = 2, keepAliveMs }: EngineOptions = {}) {
    this.api = api;
    this.settings = settings;
    this.#keep = keep;
    this.#keepAliveMs = keepAliveMs;
    if (keepAliveMs !== undefined) {
      this.#timer = setInterval(() => void this.#closeUnused(Date.now() - keepAliveMs), Math.max(keepAliveMs / 4, 50));
      this.#timer.unref();
    }
  }

  get home(): string {
    return this.settings.home;
  }

  /** The models that are in memory now. */
  loaded(): { model: string; brain: string; usedAt: number; users: number }[] {
    return this.#kept.map(({ model, brain, usedAt, users }) => ({ model, brain, usedAt, users }));
  }

  /** Opens what a target needs, unless it is open, and keeps it open until the action is done. */
  async use<T>(target: Target, signal: AbortSignal | undefined, action: (opened: Opened) => Promise<T>): Promise<T> {
    const kept = this.#find(target) ?? (await this.#make(target));
    kept.users++;
    try {
      return await action(await untilAborted(kept.opened, signal));
    } finally {
      kept.users--;
      kept.usedAt = Date.now();
    }
  }

  /** A model alone serves from any brain that is open over it. */
  #find({ model, brain }: Target): Kept | undefined {
    return this.#kept.find((kept) => kept.model === model && (brain === undefined || kept.brain === brain));
  }

  async #make({ model, brain = this.settings.brain }: Target): Promise<Kept> {
    const kept: Kept = { opened: this.#load(model, brain), model, brain, users: 0, usedAt: Date.now() };
    this.#kept.push(kept);
    kept.opened.catch(() => {
      this.#drop(kept); // the next one tries again
    });
    await this.#closeBeyond(kept);
    return kept;
  }

  /** The brain is opened when something first asks for it: a model alone has to answer where that belongs to another. */
  async #load(model: string, brain: string): Promise<Opened> {
    const opened = await this.api.Engram.open(this.#options(brain, model));
    try {
      await opened.load({ brain: false });
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  #options(brain: string, model = this.settings.model): index.OpenOptions {
    const { home, embedder, chatTemplate, threads, contextSize, parallel, idleUnload } = this.settings;
    const { gpu, gpuLayers, compute, offline, verbose, store, server, serverModel, serverKey } = this.settings;
    return {
      ...{ home, model, embedder, brain, chatTemplate, threads, contextSize, parallel, idleUnload },
      ...{ gpu, gpuLayers, compute, offline, verbose, store, server, serverModel, serverKey, lazy: true },
    };
  }

  /** Closes the least recently used of those that nobody uses, as long as there are too many. */
  async #closeBeyond(but: Kept): Promise<void> {
    const unused = this.#kept.filter(({ users }) => users === 0).sort((a, b) => a.usedAt - b.usedAt);
    for (const kept of unused) {
      if (this.#kept.length <= this.#keep) return;
      if (kept !== but) await this.#close(kept);
    }
  }

  async #closeUnused(before: number): Promise<void> {
    for (const kept of [...this.#kept]) if (kept.users === 0 && kept.usedAt <= before) await this.#close(kept);
  }

  /** Frees a model, as a client may ask; what somebody uses stays. */
  async unload(model: string): Promise<void> {
    for (const kept of [...this.#kept]) if (kept.model === model && kept.users === 0) await this.#close(kept);
  }

  async #close(kept: Kept): Promise<void> {
    this.#drop(kept);
    const opened = await kept.opened.catch(() => undefined);
    await opened?.close();
  }

  #drop(kept: Kept): void {
    const at = this.#kept.indexOf(kept);
    if (at >= 0) this.#kept.splice(at, 1);
  }

  /** What needs no model and no brain: the models, adapters, runs and names of brains of the home. */
  async own(): Promise<Pick<Opened, 'models' | 'adapters' | 'brains'>> {
    return this.#opened();
  }

  #opened(): Promise<Opened> {
    this.#own ??= this.api.Engram.open(this.#options(this.settings.brain)).catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }

  /** A brain without its chat model: what it remembers, and its documents. */
  async within<T>(brain: string, action: (opened: Pick<Opened, 'memories' | 'documents'>) => Promise<T>): Promise<T> {
    const opened = await this.api.Engram.open(this.#options(brain));
    try {
      return await action(opened);
    } finally {
      await opened.close();
    }
  }

  /** The same, by whoever has it open with its model: that one lets go of what is deleted. */
  async inBrain<T>(brain: string, action: (opened: Pick<Opened, 'memories'>) => Promise<T>): Promise<T> {
    const kept = this.#kept.find((one) => one.brain === brain);
    if (kept === undefined) return this.within(brain, action);
    return this.use({ model: kept.model, brain }, undefined, action);
  }

  /** What is known of a brain; undefined where nothing was ever remembered. */
  async summaryOf(brain: string): Promise<index.BrainSummary | undefined> {
    const { brains } = await this.own();
    if (this.settings.store === undefined) return brains.names().includes(brain) ? brains.get(brain) : undefined;
    const summary = await brains.get(brain); // what a store has only the store knows
    return summary.problem === undefined ? summary : undefined;
  }

  /** The brains of the home, or of the store. */
  async brainNames(): Promise<string[]> {
    const { brains } = await this.own();
    return this.settings.store === undefined ? brains.names() : (await brains.list()).map(({ name }) => name);
  }

  /** The model that a brain is bound to; the server's own for one that has none yet. */
  async modelOf(brain: string): Promise<string> {
    const bound = (await this.summaryOf(brain))?.model;
    return bound === undefined || bound === shownName(this.settings.model) ? this.settings.model : bound;
  }

  /** Vectors of texts by the embedding model. */
  async embed(
    texts: readonly string[],
    options: { signal?: AbortSignal; kind?: 'query' | 'passage' },
  ): Promise<Float32Array[]> {
    const { home, embedder, threads, offline } = this.settings;
    this.#embedder ??= this.api.openEmbedder({ home, embedder, threads, offline }).catch((error: unknown) => {
      this.#embedder = undefined;
      throw error;
    });
    return (await untilAborted(this.#embedder, options.signal)).embed(texts, options);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const kept of [...this.#kept]) await this.#close(kept);
    await (await this.#embedder?.catch(() => undefined))?.close();
    this.#embedder = undefined;
    await (await this.#own?.catch(() => undefined))?.close();
    this.#own = undefined;
  }
}

/** A loading that others wait for too goes on; only this one gives up. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) throw new AbortError();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new AbortError());
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
