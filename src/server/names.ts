// Model names over HTTP: `brain:NAME`, a base model of the catalog, `adapter:NAME`, what a fine-tuning job made (`ft:…`), aliases.
// One name is one way of answering, and never a path. Not here: opening what they name (engine.ts).
import { checkName, suggest } from '../config.js';
import type { Context } from './context.js';
import type { Engine, Target } from './engine.js';
import { notFound } from './errors.js';
import { shownName } from './shown-name.js';

export type ModelKind = 'brain' | 'base' | 'adapter' | 'embedder';

export interface ModelCard {
  id: string;
  kind: ModelKind;
  /** The base model; of an embedder itself. */
  base: string;
  /** Seconds since 1970. */
  created: number;
  bytes?: number;
  sha256?: string;
  architecture?: string;
  parameters?: number;
  contextLength?: number;
  memories?: number;
  loaded: boolean;
}

/** What a job of fine-tuning made, by the names it answers to. */
export interface TunedModels {
  /** The adapter of the store, or the file of a checkpoint; undefined if there is none of this name. */
  adapterOf: (name: string) => Promise<{ adapter: string; base: string } | undefined>;
  list: () => Promise<{ name: string; adapter: string; base: string; created: number }[]>;
}

const NO_TUNED: TunedModels = { adapterOf: () => Promise.resolve(undefined), list: () => Promise.resolve([]) };

export class Names {
  readonly #engine: Engine;
  readonly #aliases: Readonly<Record<string, string>>;
  tuned: TunedModels = NO_TUNED;

  constructor({ engine, options }: Pick<Context, 'engine' | 'options'>) {
    this.#engine = engine;
    this.#aliases = options.aliases;
  }

  /** All there are, brains first: a client that takes the first model gets the one that remembers. */
  async list(): Promise<ModelCard[]> {
    const { settings } = this.#engine;
    const own = await this.#engine.own();
    const statuses = await own.models.list();
    const installed = statuses.filter((status) => status.installed);
    const loaded = this.#engine.loaded();
    const started = Math.floor(Date.now() / 1000);
    const bases = installed.map(({ entry, record }): ModelCard => ({
      ...{ id: entry.name, kind: entry.role === 'chat' ? 'base' : 'embedder', base: entry.name },
      created: record === undefined ? 0 : Math.floor(Date.parse(record.pulledAt) / 1000),
      bytes: entry.files.reduce((sum, { bytes }) => sum + bytes, 0),
      ...{ architecture: entry.architecture, parameters: entry.parameters, contextLength: entry.shape.contextLength },
      ...shaOf(entry.files),
      loaded: loaded.some(({ model }) => model === entry.name),
    }));
    // A model that is no name of the catalog is a file of one's own: it has one name here, and its path is nobody's matter.
    const ownFile = bases.some(({ id }) => id === settings.model)
      ? []
      : [
          {
            id: shownName(settings.model),
            kind: 'base' as const,
            base: shownName(settings.model),
            created: started,
            loaded: loaded.length > 0,
          },
        ];
    const cards = [...ownFile, ...bases];
    const baseOf = (model: string): ModelCard | undefined => cards.find(({ id }) => id === shownName(model));
    const names = [...new Set([settings.brain, ...(await this.#engine.brainNames())])];
    const brains: ModelCard[] = [];
    for (const name of names) brains.push(await this.#brainCard(name, baseOf));
    const { adapters } = await own.adapters.list();
    // Whose adapter was deleted is gone.
    const tuned = (await this.tuned.list()).filter((one) => adapters.some(({ name }) => name === one.adapter));
    return [
      ...brains,
      ...cards,
      ...tuned.map(({ name, base, created }): ModelCard => ({
        ...inherited(baseOf(base)),
        ...{ id: name, kind: 'adapter', base: shownName(base), created },
        loaded: loaded.some(({ model }) => model === base),
      })),
      ...adapters.map(({ name, manifest, bytes }): ModelCard => ({
        ...inherited(baseOf(manifest.base.name)),
        ...{ id: `adapter:${name}`, kind: 'adapter', base: shownName(manifest.base.name), bytes },
        created: Math.floor(Date.parse(manifest.createdAt) / 1000),
        loaded: loaded.some(({ model }) => model === manifest.base.name),
      })),
    ];
  }

  async #brainCard(name: string, baseOf: (model: string) => ModelCard | undefined): Promise<ModelCard> {
    const held = await this.#engine.summaryOf(name); // a damaged brain is still one
    const base = held?.model ?? this.#engine.settings.model;
    const first = held?.since;
    return {
      ...inherited(baseOf(base)),
      ...{ id: `brain:${name}`, kind: 'brain', base: shownName(base) },
      created: first === undefined ? 0 : Math.floor(Date.parse(first) / 1000),
      memories: held?.memories ?? 0,
      loaded: this.#engine.loaded().some((open) => open.brain === name && open.model === base),
    };
  }

  async find(name: string): Promise<ModelCard> {
    const wanted = this.#meant(name);
    const cards = await this.list();
    const found = cards.find(({ id }) => id === wanted);
    if (found !== undefined) return found;
    throw await this.#unknown(name);
  }

  /** Who answers to a name. Throws 404 with the nearest names. */
  async target(name: string): Promise<Target> {
    const wanted = this.#meant(name);
    const { settings } = this.#engine;
    const { adapters } = await this.#engine.own();
    if (wanted.startsWith('brain:')) {
      const brain = soundName(wanted.slice(6));
      if (brain === undefined || (brain !== settings.brain && (await this.#engine.summaryOf(brain)) === undefined))
        throw await this.#unknown(name);
      return { brain, model: await this.#engine.modelOf(brain) };
    }
    if (wanted.startsWith('ft:')) {
      const made = await this.tuned.adapterOf(wanted);
      if (made === undefined) throw await this.#unknown(name);
      return { model: made.base, adapter: made.adapter };
    }
    const card = (await this.list()).find(({ id }) => id === wanted);
    if (card === undefined) throw await this.#unknown(name);
    if (card.kind === 'embedder') {
      throw notFound(`The model "${name}" makes embeddings; it does not answer.`, 'model_not_found', 'model');
    }
    if (card.kind === 'base') return { model: this.#modelNamed(card.id) };
    const adapter = wanted.slice('adapter:'.length);
    const { manifest } = await adapters.get(adapter);
    return { model: manifest.base.name, adapter };
  }

  /** The settings' own model may be a path; its name here is shorter. */
  #modelNamed(name: string): string {
    return name === shownName(this.#engine.settings.model) ? this.#engine.settings.model : name;
  }

  /** Through aliases; in Ollama's way of writing `:latest` says nothing. */
  #meant(name: string): string {
    const alias = Object.hasOwn(this.#aliases, name) ? this.#aliases[name] : undefined;
    const meant = alias ?? name.replace(/:latest$/, '');
    return Object.hasOwn(this.#aliases, meant) ? this.#aliases[meant]! : meant;
  }

  async #unknown(name: string) {
    const names = [...Object.keys(this.#aliases), ...(await this.list()).map(({ id }) => id)];
    const guess = suggest(name, names);
    const near = guess === undefined ? names.slice(0, 3) : [guess];
    const shown = JSON.stringify(name.slice(0, 100));
    return notFound(`There is no model ${shown}. There is: ${near.join(', ')}.`, 'model_not_found', 'model');
  }
}

function soundName(name: string): string | undefined {
  try {
    return checkName(name, 'the brain');
  } catch {
    return undefined;
  }
}

function inherited(base: ModelCard | undefined): Partial<ModelCard> {
  if (base === undefined) return {};
  const { architecture, parameters, contextLength, sha256, bytes } = base;
  return Object.fromEntries(
    Object.entries({ architecture, parameters, contextLength, sha256, bytes }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

function shaOf(files: readonly { path: string; sha256?: string }[]): { sha256?: string } {
  const sha256 = files.find(({ path }) => path.endsWith('.gguf'))?.sha256 ?? files[0]?.sha256;
  return sha256 === undefined ? {} : { sha256 };
}
