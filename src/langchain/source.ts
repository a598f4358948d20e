// Where the classes of this folder get their Engram: one that the caller opened, or one that is opened when it is first needed,
// from options. Objects made with the same options share one, so that a model is loaded once. Not here: what is done with it.
import { Engram, openEmbedder, type Embedder, type OpenOptions } from '../index.js';

/** What an Engram is opened with (`verbose` of LangChain is another thing). */
export type EngramSettings = Omit<OpenOptions, 'verbose' | 'lazy' | 'onProgress' | 'signal'>;

export interface EngramSource extends EngramSettings {
  /** Loaded when it is first needed, and bound to no brain before. Default false. */
  lazy?: boolean | undefined;
  /** One that is open: it is used, and stays the caller's to close. */
  engram?: Engram | undefined;
}

const SETTINGS = [
  'home',
  'model',
  'embedder',
  'brain',
  'threads',
  'parallel',
  'gpu',
  'gpuLayers',
  'compute',
  'chatTemplate',
  'idleUnload',
  'offline',
  'contextSize',
] as const satisfies readonly (keyof EngramSettings)[];

/** Closes by itself what it opened. */
interface Closable {
  close(): Promise<void>;
}

const shared = new Map<string, Promise<Closable>>();

/** The Engram of a source. Throws what Engram.open() throws; then the next call tries again. */
export function engramOf(source: EngramSource): Promise<Engram> {
  if (source.engram !== undefined) return Promise.resolve(source.engram);
  const { lazy = false } = source;
  return share(lazy ? 'lazy engram' : 'engram', source, SETTINGS, (settings) => Engram.open({ ...settings, lazy }));
}

/** The embedding model of a source; without an open Engram only that is loaded, no chat model. Throws what openEmbedder()
 * throws. */
export function embedderOf(source: EngramSource): Promise<Pick<Embedder, 'embed'>> {
  if (source.engram !== undefined) return Promise.resolve(source.engram);
  return share('embedder', source, ['home', 'embedder', 'threads', 'offline'], (settings) => openEmbedder(settings));
}

/** Closes whatever was opened for the objects of this folder; the next use opens it again. */
export async function closeShared(): Promise<void> {
  const all = [...shared.values()];
  shared.clear();
  for (const opening of all) await (await opening.catch(() => undefined))?.close();
}

/** Without what belongs to an Engram, so that the rest can be handed on. */
export function settingsOf(source: EngramSource): EngramSettings {
  return pick(source, SETTINGS);
}

function share<T extends Closable, K extends keyof EngramSettings>(
  kind: string,
  source: EngramSource,
  keys: readonly K[],
  open: (settings: Pick<EngramSettings, K>) => Promise<T>,
): Promise<T> {
  const settings = pick(source, keys);
  const key = `${kind} ${JSON.stringify(settings)}`;
  const known = shared.get(key) as Promise<T> | undefined;
  if (known !== undefined) return known;
  const opening = open(settings);
  shared.set(key, opening);
  opening.catch(() => {
    if (shared.get(key) === opening) shared.delete(key);
  });
  return opening;
}

function pick<K extends keyof EngramSettings>(source: EngramSource, keys: readonly K[]): Pick<EngramSettings, K> {
  return Object.fromEntries(
    keys.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]),
  ) as unknown as Pick<EngramSettings, K>;
}
