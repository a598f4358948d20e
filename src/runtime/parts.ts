// What an Engram keeps open, shared by all that it can do: model, embedding model, brain, documents. Each is opened when it is first
// needed. Not here: what is done with them (engram.ts and the namespaces).
import { join } from 'node:path';
import type { Brain, ModelIdentity } from '../brain/index.js';
import { defined } from '../defined.js';
import { EngramError } from '../errors.js';
import { ClosenessJudge, findJudge, Router, TrainedJudge, type Judge } from '../gate/index.js';
import type { Memorizer } from '../learn/index.js';
import type { Elsewhere } from '../inference/index.js';
import { catalogName, modelSha256 } from '../models/index.js';
import { settle, type GivenSettings, type Settings } from '../options/index.js';
import { Retrieval } from '../retrieval/index.js';
import { openStore, type Store } from '../store/index.js';
import { AdapterStore, findAdapter, requireBase, type BaseModel, type FineTunePlace } from '../training/index.js';
import { LazyBrain, type RoutedBrain } from './lazy-brain.js';
import { LazyModel, type OpenedModel } from './lazy-model.js';
import { LazyEmbedder } from './open-embedder.js';
import type { OpenOptions } from './options.js';

/** Without what is no setting. */
function settingsOf(options: OpenOptions): GivenSettings {
  const given = { ...options };
  delete given.lazy;
  delete given.onProgress;
  delete given.signal;
  return given;
}

export class Parts {
  readonly settings: Settings;
  readonly model: LazyModel;
  readonly brain: LazyBrain;
  readonly embedder: LazyEmbedder;
  readonly retrieval: Retrieval;
  readonly adapterStore: AdapterStore;
  #judge: Promise<Judge> | undefined;
  #store: Promise<Store> | undefined;
  #server: Elsewhere | undefined;

  /** Opens nothing. Throws `usage`. */
  constructor(options: OpenOptions) {
    const { onProgress, signal } = options;
    this.settings = settle(settingsOf(options));
    const { home, brain: name, store } = this.settings;
    this.model = new LazyModel(this.settings, { onProgress, signal });
    this.embedder = new LazyEmbedder({ ...this.settings, onProgress });
    this.retrieval = new Retrieval({ home, brain: name, embedder: () => this.embedder.open() });
    this.adapterStore = new AdapterStore(home);
    this.brain = new LazyBrain({
      ...{ home, name, store },
      model: (cancel) => this.identity(cancel),
      routerOf: (brain) => this.routerOf(brain),
    });
  }

  /** The base model as the user knows it, and the hash of its file. */
  named(
    { resolved: { name, path } }: OpenedModel,
    signal: AbortSignal | undefined,
  ): { name: string; sha256: () => Promise<string> } {
    return { name, sha256: () => modelSha256(this.settings.home, path, signal) };
  }

  async identity(signal?: AbortSignal): Promise<ModelIdentity> {
    const { name, sha256 } = this.named(await this.model.open(signal), signal);
    return { name, sha256: await sha256() };
  }

  /** The weights to train on. */
  async base(signal?: AbortSignal, precision?: BaseModel['info']['precision']): Promise<BaseModel> {
    return (await this.model.open(signal)).bases.open(signal, precision);
  }

  routerOf(brain: Brain): Router {
    return new Router(
      brain,
      () => this.embedder.open(),
      (signal) => this.#judgeOf(signal),
    );
  }

  async memorizer(open: RoutedBrain, signal: AbortSignal | undefined): Promise<Memorizer> {
    return this.memorizerOver(open, await this.model.open(signal), signal);
  }

  memorizerOver(open: RoutedBrain, { generator, bases }: OpenedModel, signal: AbortSignal | undefined): Memorizer {
    return { ...open, generator, baseModel: () => bases.open(signal), cache: join(this.settings.home, 'cache') };
  }

  /** The store of shared brains. Throws `usage` where none is set, and what openStore() throws. */
  async store(): Promise<Store> {
    const { store: address } = this.settings;
    if (address === undefined) {
      throw new EngramError('usage', 'Jobs are in a store.', { hint: 'Name it with --store, or ENGRAM_STORE.' });
    }
    this.#store ??= openStore(address).catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }

  /** The server that answers in place of the model here; undefined where none is set. */
  async server(): Promise<Elsewhere | undefined> {
    const { server: address, serverModel: model, serverKey: key } = this.settings;
    if (address === undefined) return undefined;
    const { Elsewhere } = await import('../inference/index.js');
    return (this.#server ??= new Elsewhere({ address, model, key }));
  }

  async fineTuning(signal: AbortSignal | undefined): Promise<FineTunePlace> {
    const opened = await this.model.open(signal);
    const base = (): Promise<BaseModel> => opened.bases.open(signal);
    return { store: this.adapterStore, encoder: opened.generator, base, model: this.named(opened, signal) };
  }

  /** Of a named adapter; none without a name. */
  async adaptersOf(name: string | undefined): Promise<{ path: string }[]> {
    return name === undefined ? [] : [{ path: await this.adapterPath(name) }];
  }

  /** The file of an adapter of the store, or of a GGUF that is named by its path. Throws `not_found`, `mismatch`. */
  async adapterPath(nameOrPath: string): Promise<string> {
    const { home } = this.settings;
    const { resolved } = await this.model.open();
    const { path, manifest } = await findAdapter(home, nameOrPath, resolved.path);
    if (manifest !== undefined) requireBase(manifest, await modelSha256(home, resolved.path));
    return path;
  }

  async close(): Promise<void> {
    this.model.cancel();
    this.brain.close();
    (await this.#judge?.catch(() => undefined))?.close();
    await this.retrieval.close();
    await this.model.closeGenerator();
    await this.embedder.close();
    this.model.closeBases();
    await (await this.#store?.catch(() => undefined))?.close();
  }

  /** The judge that was made for the model; closeness where there is none. */
  #judgeOf(signal: AbortSignal | undefined): Promise<Judge> {
    this.#judge ??= (async () => {
      const file = await findJudge((await this.identity(signal)).sha256);
      if (file === undefined) return new ClosenessJudge();
      const { generator } = await this.model.open(signal);
      const base = (cancel?: AbortSignal) => this.base(cancel);
      return new TrainedJudge(defined({ generator, base, embedder: catalogName(this.settings.embedder) }), file);
    })().catch((error: unknown) => {
      this.#judge = undefined;
      throw error;
    });
    return this.#judge;
  }
}
