// The client itself: which models and adapters there are, and the engines that run them, one for each base model that is used.
// Not here: what a model can do (models.ts).
import { EngramError } from '../errors.js';
import { Engram, type OpenOptions, type StoredAdapter } from '../index.js';
import { BaseModel, ModelAdapter } from './models.js';

/** How engines are opened, as Engram.open() takes it. What the hosted API needs is taken too, and not used. */
export interface GradientOptions extends Omit<OpenOptions, 'brain' | 'embedder' | 'lazy' | 'signal'> {
  accessToken?: string | undefined;
  workspaceId?: string | undefined;
  host?: string | undefined;
}

export class Gradient {
  readonly #open: Omit<OpenOptions, 'brain' | 'lazy'>;
  /** Looks what there is, and loads nothing. */
  #looking: Promise<Engram> | undefined;
  readonly #engines = new Map<string, Promise<Engram>>();
  #closed = false;

  /** Opens nothing yet. */
  constructor(options: GradientOptions = {}) {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- taken so that programs for the hosted API run as they are
    const { accessToken, workspaceId, host, ...open } = options;
    this.#open = open;
  }

  /** Installed models that can be trained, the default one last, then (unless `onlyBase`) the adapters of all of them. */
  async listModels(options: { onlyBase: true }): Promise<BaseModel[]>;
  async listModels(options?: { onlyBase?: boolean }): Promise<(BaseModel | ModelAdapter)[]>;
  async listModels({ onlyBase = false }: { onlyBase?: boolean } = {}): Promise<(BaseModel | ModelAdapter)[]> {
    this.#requireOpen();
    const { models: installed, adapters: stored, settings } = await this.#look();
    const names = await installed.trainable();
    const isDefault = (name: string): boolean => name === settings.model;
    const ordered = [...names.filter((name) => !isDefault(name)), ...names.filter(isDefault)];
    const models = ordered.map((name) => this.#baseModel(name));
    if (onlyBase) return models;
    const { adapters } = await stored.list();
    return [...models, ...adapters.map((adapter) => this.#modelAdapter(adapter))];
  }

  /** A model by its name in the catalog, or by the path of a GGUF. Without one: the default. Throws `not_found`. */
  async getBaseModel({ baseModelSlug }: { baseModelSlug?: string } = {}): Promise<BaseModel> {
    this.#requireOpen();
    const name = baseModelSlug ?? (await this.#look()).settings.model;
    await this.#engine(name);
    return this.#baseModel(name);
  }

  /** Throws `not_found`. */
  async getModelAdapter({ modelAdapterId }: { modelAdapterId: string }): Promise<ModelAdapter> {
    this.#requireOpen();
    const { adapters } = await this.#look();
    const found = await adapters.get(modelAdapterId).catch((error: unknown) => unknownAdapter(modelAdapterId, error));
    return this.#modelAdapter(found);
  }

  /** Ends what is running and frees all models. Adapters stay on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    const engines = [...this.#engines.values(), ...(this.#looking === undefined ? [] : [this.#looking])];
    this.#engines.clear();
    for (const engine of engines) await (await engine.catch(() => undefined))?.close();
  }

  #baseModel(name: string): BaseModel {
    return new BaseModel(name, () => this.#engine(name));
  }

  #modelAdapter({ name, manifest }: StoredAdapter): ModelAdapter {
    const base = manifest.base.name;
    return new ModelAdapter({ id: name, name: manifest.title ?? name, baseModelId: base }, () => this.#engine(base));
  }

  #look(): Promise<Engram> {
    return (this.#looking ??= Engram.open({ ...this.#open, lazy: true }));
  }

  /** Opened when it is first needed, and once. */
  async #engine(model: string): Promise<Engram> {
    this.#requireOpen();
    let engine = this.#engines.get(model);
    if (engine === undefined) {
      engine = openModel({ ...this.#open, model });
      this.#engines.set(model, engine);
      engine.catch(() => this.#engines.delete(model));
    }
    return engine.catch((error: unknown) => {
      if (!(error instanceof EngramError && error.code === 'not_found')) throw error;
      throw new EngramError('not_found', `There is no base model "${model}".`, { hint: error.hint, cause: error });
    });
  }

  #requireOpen(): void {
    if (this.#closed) throw new EngramError('usage', 'This Gradient client has been closed.');
  }
}

/** With its model, and whatever brain there is. */
async function openModel(options: OpenOptions): Promise<Engram> {
  const engram = await Engram.open({ ...options, lazy: true });
  await engram.load({ brain: false, signal: options.signal }).catch(async (error: unknown) => {
    await engram.close();
    throw error;
  });
  return engram;
}

function unknownAdapter(id: string, error: unknown): never {
  // An id that cannot be one is refused as a name; here it is one that nothing has.
  if (!(error instanceof EngramError) || (error.code !== 'not_found' && error.code !== 'usage')) throw error;
  throw new EngramError('not_found', `There is no model adapter with the id "${id}".`, {
    hint: 'See listModels().',
    cause: error,
  });
}
