// The adapter files that are loaded for one model. node-llama-cpp's public API gives a context its adapters when it is made,
// keeps a file by its path and frees it with the model only; what it is built on can do better, so that is used here, and
// nowhere else: adapters on a live context, freed when they are no longer needed. Its version is pinned in package.json.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LlamaContext, LlamaModel } from 'node-llama-cpp';
import { EngramError, fromSystemError } from '../errors.js';
import { checkAdapter } from './adapter-check.js';
import { recentComplaints } from './runtime.js';
import type { AdapterUse } from './types.js';

/** A loaded adapter, as llama.cpp has it. */
interface Handle {
  dispose(): Promise<void>;
}

interface ModelInternals {
  _llama: { _bindings: { AddonModelLora: new (model: unknown, path: string) => Handle } };
  _model: { loadLora(handle: Handle): Promise<void> };
}

interface ContextInternals {
  _ctx: { setLoras(handles: Handle[], scales: number[]): void };
}

/** Adapters to run with, each file in the state it has now. */
export interface AdapterSet {
  /** Equal for equal files with equal scales. Empty for the base model. */
  readonly key: string;
  readonly members: readonly { path: string; state: string; scale: number }[];
}

export const NO_ADAPTERS: AdapterSet = { key: '', members: [] };

interface Loaded {
  handle: Handle;
  /** Of the file it was read from. */
  state: string;
  bytes: number;
}

/** Bytes of adapter files that stay loaded though no context uses them. */
const KEPT_BYTES = 64 * 2 ** 20;

export class Adapters {
  /** By path, in the order of last use. */
  readonly #loaded = new Map<string, Loaded>();

  constructor(private readonly model: LlamaModel) {}

  /** Names the files and their present state. An adapter with scale 0 is left out. Throws `not_found`, `usage`. */
  async resolve(uses: readonly AdapterUse[]): Promise<AdapterSet> {
    const members: AdapterSet['members'][number][] = [];
    for (const { path: given, scale = 1 } of uses) {
      const path = resolve(given);
      if (!Number.isFinite(scale)) {
        throw new EngramError('usage', `Expected a number for the scale of ${given} but received ${scale}.`);
      }
      if (members.some((member) => member.path === path)) {
        throw new EngramError('usage', `The adapter ${given} is given twice.`);
      }
      const { state } = await fileState(path);
      if (scale !== 0) members.push({ path, state, scale });
    }
    return { key: members.map(({ path, state, scale }) => `${path}|${state}|${scale}`).join('\n'), members };
  }

  /** Whether a file is loaded in another state than the one it has now, so that it must be freed first. */
  outdated({ members }: AdapterSet): string[] {
    return members
      .filter(({ path, state }) => (this.#loaded.get(path)?.state ?? state) !== state)
      .map(({ path }) => path);
  }

  /** Switches a context to a set; its KV cache is left as it is. Throws `corrupt`, `mismatch`, `not_found`. */
  async apply(context: LlamaContext, { members }: AdapterSet): Promise<void> {
    const handles: Handle[] = [];
    for (const { path } of members) handles.push(await this.#load(path));
    (context as unknown as ContextInternals)._ctx.setLoras(
      handles,
      members.map(({ scale }) => scale),
    );
  }

  /** Frees a file. No context may be switched to it. */
  async free(path: string): Promise<void> {
    const loaded = this.#loaded.get(path);
    this.#loaded.delete(path);
    await loaded?.handle.dispose();
  }

  /** Frees what has not been used for longest, as far as it is too much. */
  async freeUnused(inUse: ReadonlySet<string>): Promise<void> {
    const unused = [...this.#loaded].filter(([path]) => !inUse.has(path));
    let bytes = unused.reduce((sum, [, loaded]) => sum + loaded.bytes, 0);
    for (const [path, loaded] of unused) {
      if (bytes <= KEPT_BYTES) return;
      bytes -= loaded.bytes;
      await this.free(path);
    }
  }

  async close(): Promise<void> {
    for (const path of [...this.#loaded.keys()]) await this.free(path);
  }

  async #load(path: string): Promise<Handle> {
    const known = this.#loaded.get(path);
    if (known !== undefined) {
      this.#loaded.delete(path); // to the end: the most recent
      this.#loaded.set(path, known);
      return known.handle;
    }
    const { state, bytes } = await fileState(path);
    await checkAdapter(path, this.model);
    const internals = this.model as unknown as ModelInternals;
    const handle = new internals._llama._bindings.AddonModelLora(internals._model, path);
    try {
      await internals._model.loadLora(handle);
    } catch (error) {
      await handle.dispose();
      throw new EngramError('corrupt', `llama.cpp refuses the adapter ${path}.`, {
        hint: 'Train it again.',
        cause: error,
        details: { path, log: await recentComplaints() },
      });
    }
    this.#loaded.set(path, { handle, state, bytes });
    return handle;
  }
}

/** What tells a file from one that has replaced it. */
async function fileState(path: string): Promise<{ state: string; bytes: number }> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return { state: `${size}-${mtimeMs}-${ino}`, bytes: size };
  } catch (error) {
    throw fromSystemError(error, `the adapter ${path}`);
  }
}
