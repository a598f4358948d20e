// The client itself: which models and adapters there are, and the engines that run them, one for each base model that is used.
// Not here: what a model can do (models.ts).
import { EngramError } from '../errors.js';
import { AdapterStore, Engram, listTrainable, readSettings, type OpenOptions, type StoredAdapter } from '../index.js';
import { BaseModel, ModelAdapter } from './models.js';

/** How engines are opened, as Engram.open() takes it. What the hosted API needs is taken too, and not used. */
export interface GradientOptions extends Omit<OpenOptions, 'brain' | 'embedder' | 'signal'> {
  accessToken?: string | undefined;
  workspaceId?: string | undefined;
  host?: string | undefined;
}

export class Gradient {
  readonly #open: Omit<OpenOptions, 'brain'>;
  readonly #home: string;
  /** The base model that is used where none is named. */
  readonly #model: string;
  readonly #engines = new Map<string, Promise<Engram>>();
  #closed = false;

  /** Opens nothing yet. Throws `usage`. */
  constructor(options: GradientOptions = {}) {
    // eslint-disable-next-line @typescript-eslint/no-unused-vars -- taken so that programs for the hosted API run as they are
    const { accessToken, workspaceId, host, ...open } = options;
    const { home, model } = readSettings({ home: open.home, model: open.model });
    this.#open = open;
    this.#home = home;
    this.#model = model;
  }

  /** Installed models that can be trained, the default one last, then (unless `onlyBase`) the adapters of all of them. */
  async listModels(options: { onlyBase: true }): Promise<BaseModel[]>;
  async listModels(options?: { onlyBase?: boolean }): Promise<(BaseModel | ModelAdapter)[]>;
  async listModels({ onlyBase = false }: { onlyBase?: boolean } = {}): Promise<(BaseModel | ModelAdapter)[]> {
    this.#requireOpen();
    const names = await listTrainable(this.#home);
    const ordered = [...names.filter((name) => name !== this.#model), ...names.filter((name) => name === this.#model)];
    const models = ordered.map((name) => this.#baseModel(name));
    if (onlyBase) return models;
    const { adapters } = await new AdapterStore(this.#home).list();
    return [...models, ...adapters.map((adapter) => this.#modelAdapter(adapter))];
  }

  /** A model by its name in the catalog, or by the path of a GGUF. Without one: the default. Throws `not_found`. */
  async getBaseModel({ baseModelSlug = this.#model }: { baseModelSlug?: string } = {}): Promise<BaseModel> {
    this.#requireOpen();
    await this.#engine(baseModelSlug);
    return this.#baseModel(baseModelSlug);
  }

  /** Throws `not_found`. */
  async getModelAdapter({ modelAdapterId }: { modelAdapterId: string }): Promise<ModelAdapter> {
    this.#requireOpen();
    return this.#modelAdapter(
      await new AdapterStore(this.#home)
        .find(modelAdapterId)
        .catch((error: unknown) => unknownAdapter(modelAdapterId, error)),
    );
  }

  /** Ends what is running and frees all models. Adapters stay on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    const engines = [...this.#engines.values()];
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

  /** Opened when it is first needed, and once. */
  async #engine(model: string): Promise<Engram> {
    this.#requireOpen();
    let engine = this.#engines.get(model);
    if (engine === undefined) {
      engine = Engram.openModel({ ...this.#open, model });
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

function unknownAdapter(id: string, error: unknown): never {
  // An id that cannot be one is refused as a name; here it is one that nothing has.
  if (!(error instanceof EngramError) || (error.code !== 'not_found' && error.code !== 'usage')) throw error;
  throw new EngramError('not_found', `There is no model adapter with the id "${id}".`, {
    hint: 'See listModels().',
    cause: error,
  });
}
