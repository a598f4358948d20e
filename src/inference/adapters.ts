// The adapter files that are loaded for one model: read when they are first used, kept while they are, read again when the
// file has changed. Not here: which context runs with which (slots.ts).
import { resolve } from 'node:path';
import { awaitNative, fromNative } from '../addon.js';
import { EngramError } from '../errors.js';
import { fileState } from './file-state.js';
import type { NativeAdapter, NativeEngine, NativeLanguageModel } from './native.js';
import { recentComplaints } from './runtime.js';
import type { AdapterUse } from './types.js';

/** Adapters to run with, each file in the state it has now. */
export interface AdapterSet {
  /** Equal for equal files with equal scales. Empty for the base model. */
  readonly key: string;
  readonly members: readonly { path: string; state: string; scale: number }[];
}

export const NO_ADAPTERS: AdapterSet = { key: '', members: [] };

interface Loaded {
  adapter: NativeAdapter;
  /** Of the file it was read from. */
  state: string;
  bytes: number;
}

/** Bytes of adapter files that stay loaded though no context uses them. */
const KEPT_BYTES = 64 * 2 ** 20;

export class Adapters {
  /** By path, in the order of last use. */
  readonly #loaded = new Map<string, Loaded>();

  constructor(private readonly native: NativeLanguageModel) {}

  /** Whether a file is loaded in another state than the one it has now. */
  outdated({ members }: AdapterSet): string[] {
    return members
      .filter(({ path, state }) => (this.#loaded.get(path)?.state ?? state) !== state)
      .map(({ path }) => path);
  }

  /** Switches a context to a set; what it has computed is forgotten. Throws as load(). */
  async apply(engine: NativeEngine, set: AdapterSet): Promise<void> {
    const { adapters, scales } = await this.load(set);
    await awaitNative(() => engine.use(adapters, scales));
  }

  /** A set, loaded. Throws `corrupt`, `mismatch`, `not_found`. */
  async load({ members }: AdapterSet): Promise<{ adapters: NativeAdapter[]; scales: Float32Array }> {
    const adapters: NativeAdapter[] = [];
    for (const { path } of members) adapters.push(await this.#load(path));
    return { adapters, scales: Float32Array.from(members, ({ scale }) => scale) };
  }

  /** Lets go of a file. Its memory is freed when no context uses it any more. */
  free(path: string): void {
    const loaded = this.#loaded.get(path);
    this.#loaded.delete(path);
    loaded?.adapter.close();
  }

  /** Frees what has not been used for longest, as far as it is too much. */
  freeUnused(inUse: ReadonlySet<string>): void {
    const unused = [...this.#loaded].filter(([path]) => !inUse.has(path));
    let bytes = unused.reduce((sum, [, loaded]) => sum + loaded.bytes, 0);
    for (const [path, loaded] of unused) {
      if (bytes <= KEPT_BYTES) return;
      bytes -= loaded.bytes;
      this.free(path);
    }
  }

  close(): void {
    for (const path of [...this.#loaded.keys()]) this.free(path);
  }

  async #load(path: string): Promise<NativeAdapter> {
    const known = this.#loaded.get(path);
    if (known !== undefined) {
      this.#loaded.delete(path); // to the end: the most recent
      this.#loaded.set(path, known);
      return known.adapter;
    }
    const { state, bytes } = await fileState(path, 'the adapter ');
    try {
      const adapter = await this.native.loadAdapter(path);
      this.#loaded.set(path, { adapter, state, bytes });
      return adapter;
    } catch (thrown) {
      const error = fromNative(thrown);
      if (!(error instanceof EngramError)) throw error;
      const { code, message, hint } = error;
      const details = { path, log: await recentComplaints() };
      throw new EngramError(code, message, { hint, cause: thrown, details });
    }
  }
}

/** Names files and their present state. An adapter with scale 0 is left out. Throws `not_found`, `usage`. */
export async function resolveAdapters(uses: readonly AdapterUse[]): Promise<AdapterSet> {
  const members: AdapterSet['members'][number][] = [];
  for (const { path: given, scale = 1 } of uses) {
    const path = resolve(given);
    if (!Number.isFinite(Math.fround(scale))) {
      throw new EngramError('usage', `Expected a number for the scale of ${given} but received ${scale}.`);
    }
    if (members.some((member) => member.path === path)) {
      throw new EngramError('usage', `The adapter ${given} is given twice.`);
    }
    const { state } = await fileState(path, 'the adapter ');
    if (scale !== 0) members.push({ path, state, scale });
  }
  return { key: members.map(({ path, state, scale }) => `${path}|${state}|${scale}`).join('\n'), members };
}
