// Stored adapters made into others: several merged into one that says the same as all of them together, one cut to a lower
// rank, any built into a new model. The arithmetic is C++ (native/core/merge.hpp, fuse.hpp).
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { awaitNative } from '../addon.js';
import { EngramError, throwIfCancelled } from '../errors.js';
import { makeFolder } from '../files.js';
import { modelSha256, resolveModel } from '../models/index.js';
import { checkWhole, refuse } from './checks.js';
import { cpuInfo } from './device.js';
import { findGgml } from './ggml.js';
import { requireBase, type AdapterManifest, type StoredAdapter } from './manifest.js';
import { loadAddon, type FuseReport, type MergeReport, type WeightedFile } from './native.js';
import { TARGETS } from './targets.js';

/** An adapter by name, and how much of it: 1 is all, 0.5 half, negative takes away what it taught. Default 1. */
/** What is used of the store (adapters.ts). */
export interface CombiningStore {
  find: (name: string) => Promise<StoredAdapter>;
  requireFree: (name: string) => Promise<void>;
  save: (
    name: string,
    manifest: Omit<AdapterManifest, 'format' | 'name' | 'createdAt'>,
    write: (path: string) => Promise<void>,
    options: { replace: boolean; signal: AbortSignal | undefined },
  ) => Promise<StoredAdapter>;
}

export interface Ingredient {
  name: string;
  weight?: number;
}

interface Work {
  /** Share that is done, 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface MergeOptions extends Work {
  /** Name of the new adapter. */
  name: string;
  /** Most of any matrix; each is cut to its best approximation. Default: nothing is cut, the ranks add up. */
  rank?: number | undefined;
  /** As many numbers as an adapter of this rank throughout, spread over the matrices where they hold most. */
  budget?: number | undefined;
  /** Takes the place of an adapter of this name. Default false: that throws `exists`. */
  replace?: boolean | undefined;
}

export interface MergeResult extends MergeReport {
  adapter: StoredAdapter;
}

/** Merges adapters of one model into a new one. Throws `usage`, `not_found`, `exists`, `mismatch` (another model's),
 * `cancelled`, `corrupt`, `disk`, `locked`. */
export async function mergeAdapters(
  store: CombiningStore,
  ingredients: readonly Ingredient[],
  options: MergeOptions,
): Promise<MergeResult> {
  const { name, replace = false, signal } = options;
  const limits = { rank: limitOf('rank', options.rank), budget: limitOf('budget', options.budget) };
  if (!replace) await store.requireFree(name);
  const { adapters, files } = await find(store, ingredients);
  const manifests = adapters.map(({ manifest }) => manifest);
  const { base } = manifests[0]!;
  for (const manifest of manifests) requireBase(manifest, base.sha256);
  throwIfCancelled(signal);

  // Its folder is written whole, so what the merge finds out goes into the manifest beside it.
  let report: MergeReport | undefined;
  const manifest = {
    base,
    rank: 0,
    alpha: 0,
    targets: TARGETS.filter((target) => manifests.some(({ targets }) => targets.includes(target))),
    layers: [
      Math.min(...manifests.map(({ layers }) => layers[0])),
      Math.max(...manifests.map(({ layers }) => layers[1])),
    ] as [number, number],
    losses: [],
    trainedTokens: manifests.reduce((sum, { trainedTokens }) => sum + trainedTokens, 0),
    ...taskOf(manifests),
    madeFrom: adapters.map((adapter, i) => ({ name: adapter.name, weight: files[i]!.weight })),
  };
  const write = async (path: string): Promise<void> => {
    report = await awaitNative(() => loadAddon().mergeAdapters(files, path, findGgml(), limits, progressOf(options)));
    throwIfCancelled(signal); // a small adapter is done before it hears of it; nothing is stored yet
    manifest.rank = Math.max(...report.ranks.map(({ after }) => after));
    manifest.alpha = report.alpha;
  };
  const adapter = await store.save(name, manifest, write, { replace, signal });
  return { adapter, ...report! };
}

/** Cuts an adapter to a rank or a budget. Throws as mergeAdapters(), and `usage` if neither is given. */
export function shrinkAdapter(store: CombiningStore, name: string, options: MergeOptions): Promise<MergeResult> {
  if (options.rank === undefined && options.budget === undefined) {
    throw new EngramError('usage', 'To shrink an adapter needs a rank or a budget.');
  }
  return mergeAdapters(store, [{ name }], options);
}

export interface FuseOptions extends Work {
  /** Name or path of the model that the adapters were trained on. */
  model: string;
  /** The new GGUF. */
  output: string;
  /** What adapted tensors are stored as: f32, f16, bf16, q8_0, q6_K, … or `own`, the type each has in the model, which may
   * round away what the adapter adds. Default f16. */
  type?: string | undefined;
  /** Takes the place of a file. Default false: that throws `exists`. */
  replace?: boolean | undefined;
  /** Default: those the machine offers. */
  threads?: number | undefined;
}

export interface FuseResult extends FuseReport {
  /** Absolute path of the new model. */
  path: string;
}

/** Writes a model with adapters built in; all else of it is copied byte for byte. Throws `usage`, `not_found`, `exists`, `mismatch`, `unsupported`, `cancelled`, `corrupt`, `disk` (no room: nothing is written). */
export async function fuseAdapters(
  store: CombiningStore,
  home: string,
  ingredients: readonly Ingredient[],
  options: FuseOptions,
): Promise<FuseResult> {
  const { type = 'f16', replace = false, signal } = options;
  if (typeof options.output !== 'string' || options.output.trim() === '') refuse('output', 'a path', options.output);
  const threads = checkWhole('threads', options.threads ?? cpuInfo().threads, 1, 1024);
  const path = resolve(options.output);
  if (!replace && (await exists(path))) {
    throw new EngramError('exists', `There is a file ${path} already.`, {
      hint: 'Choose another path, or replace it (--replace).',
    });
  }
  const { adapters, files } = await find(store, ingredients);
  const model = await resolveModel(home, options.model);
  const sha256 = await modelSha256(home, model.path, signal);
  for (const { manifest } of adapters) requireBase(manifest, sha256);
  throwIfCancelled(signal);
  await makeFolder(resolve(path, '..'));
  const report = await awaitNative(() =>
    loadAddon().fuseAdapters(model.path, files, path, findGgml(), { type, threads }, progressOf(options)),
  );
  return { path, ...report };
}

/** What all of them are asked: an adapter that was trained on labels and cut still tells them. */
function taskOf(manifests: readonly AdapterManifest[]): Pick<AdapterManifest, 'task'> {
  const [first, ...others] = manifests.map(({ task }) => task);
  const isShared = first !== undefined && others.every((task) => JSON.stringify(task) === JSON.stringify(first));
  return isShared ? { task: first } : {};
}

async function find(
  store: CombiningStore,
  ingredients: readonly Ingredient[],
): Promise<{ adapters: StoredAdapter[]; files: WeightedFile[] }> {
  if (ingredients.length === 0) throw new EngramError('usage', 'There are no adapters: name one at least.');
  if (ingredients.every(({ weight }) => weight === 0)) {
    throw new EngramError('usage', 'All weights are 0, so nothing of the adapters would be left.', {
      hint: 'Give at least one adapter another weight: 1 is all of it, 0.5 half.',
    });
  }
  const files: WeightedFile[] = [];
  const adapters: StoredAdapter[] = [];
  for (const { name, weight = 1 } of ingredients) {
    if (typeof weight !== 'number' || !Number.isFinite(weight)) refuse(`the weight of ${name}`, 'a number', weight);
    const adapter = await store.find(name);
    adapters.push(adapter);
    files.push({ path: adapter.path, weight });
  }
  return { adapters, files };
}

/** 0 means no limit to the addon. */
function limitOf(name: string, given: number | undefined): number {
  return given === undefined ? 0 : checkWhole(name, given, 1, 65_536);
}

function progressOf({ onProgress, signal }: Work): (share: number) => boolean {
  return (share) => {
    onProgress?.(share);
    return signal?.aborted !== true;
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
