// Everything that the server asks of class Engram and its index, and nothing else: which model and brain are open, kept open
// while somebody uses them, and closed when others need the room. Not here: HTTP, queues, dialects.
import type { Settings } from '../config.js';
import { EngramError } from '../errors.js';
import type * as index from '../index.js';
import { shownName } from './names.js';

type Index = typeof index;

/** An open model with its brain. */
export type Opened = Pick<
  index.Engram,
  | 'chat'
  | 'complete'
  | 'explain'
  | 'tokens'
  | 'textOf'
  | 'countChat'
  | 'contextSize'
  | 'memorize'
  | 'memorizeAll'
  | 'forget'
  | 'undo'
  | 'ingest'
  | 'search'
  | 'recall'
  | 'train'
  | 'embed'
  | 'close'
>;

/** What of the public API the server uses, so that its tests can stand a fake in its place. */
export interface EngineApi extends Pick<
  Index,
  'listBrains' | 'listModels' | 'pullModel' | 'doctor' | 'showModel' | 'memoriesOf'
> {
  Engram: {
    open: (options: index.OpenOptions) => Promise<Opened>;
    openModel: (options: index.OpenOptions) => Promise<Opened>;
  };
  openBrain: (options: {
    home: string;
    name: string;
  }) => Promise<Pick<index.Brain, 'name' | 'model' | 'memories' | 'find' | 'history' | 'close'>>;
  openRetrieval: (options: index.OpenRetrievalOptions) => {
    retrieval: Pick<index.Retrieval, 'ingest' | 'search' | 'documents' | 'remove'>;
    close: () => Promise<void>;
  };
  openEmbedder: (options: index.OpenEmbedderOptions) => Promise<Pick<index.Embedder, 'embed' | 'close'>>;
  RunControl: Index['RunControl'];
  RunStore: new (home: string) => Pick<index.RunStore, 'list' | 'find'>;
  AdapterStore: new (home: string) => Pick<index.AdapterStore, 'list' | 'find' | 'remove'>;
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
    const {
      chatTemplate,
      embedder,
      threads,
      context,
      parallel,
      gpu,
      gpuLayers,
      compute,
      offline,
      verbose,
      idleUnload,
    } = this.settings;
    const options = {
      ...{ home: this.home, model, embedder, brain, chatTemplate, threads, contextSize: context },
      ...{ parallel, gpu, gpuLayers, compute, offline, verbose, idleUnload },
    };
    const kept: Kept = { opened: this.api.Engram.openModel(options), model, brain, users: 0, usedAt: Date.now() };
    this.#kept.push(kept);
    kept.opened.catch(() => {
      this.#drop(kept); // the next one tries again
    });
    await this.#closeBeyond(kept);
    return kept;
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

  /** A brain without its model, to look into; undefined where nothing was ever remembered. */
  async look<T>(
    name: string,
    action: (brain: Awaited<ReturnType<EngineApi['openBrain']>>) => T,
  ): Promise<T | undefined> {
    if (!this.api.listBrains(this.home).includes(name)) return undefined;
    const brain = await this.api.openBrain({ home: this.home, name });
    try {
      return action(brain);
    } finally {
      brain.close();
    }
  }

  /** The model that a brain is bound to; the server's own for one that has none yet. */
  async modelOf(brain: string): Promise<string> {
    const bound = await this.look(brain, ({ model }) => model.name);
    return bound === undefined || bound === shownName(this.settings.model) ? this.settings.model : bound;
  }

  /** The documents of a brain, without a chat model. */
  async documents<T>(
    brain: string,
    action: (retrieval: ReturnType<EngineApi['openRetrieval']>['retrieval']) => Promise<T> | T,
  ): Promise<T> {
    const { embedder, threads, offline } = this.settings;
    const { retrieval, close } = this.api.openRetrieval({ home: this.home, brain, embedder, threads, offline });
    try {
      return await action(retrieval);
    } finally {
      await close();
    }
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
  }
}

/** A loading that others wait for too goes on; only this one gives up. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  if (signal.aborted) throw new EngramError('cancelled', 'Cancelled.');
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new EngramError('cancelled', 'Cancelled.'));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
