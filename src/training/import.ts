// An adapter made elsewhere becomes one of the store: a folder in the form of PEFT, or a GGUF that another program wrote. It is
// checked against its base model before anything is stored. Not here: how PEFT's form is read (from-peft.ts).
import { copyFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { defined } from '../defined.js';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { inspectLanguageModel, modelSha256, readGgufHeader, resolveModel, type GgufHeader } from '../models/index.js';
import { writeAdapterFile } from './adapter-gguf.js';
import { requireAdapterOf } from './adapter-of.js';
import { fromPeft } from './from-peft.js';
import { manifestBase, type AdapterManifest, type StoredAdapter } from './manifest.js';
import { MODULES } from './peft-names.js';
import type { BaseModelInfo } from './types.js';

export interface ImportOptions {
  /** Name of the new adapter. */
  name: string;
  /** Name or path of the model that it was trained on. */
  model: string;
  /** Takes the place of an adapter of this name. Default false: that throws `exists`. */
  replace?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImportedAdapter {
  adapter: StoredAdapter;
  /** What it says itself that it was trained on. */
  saysBase?: string;
}

/** What an adapter made elsewhere becomes in the store. */
export interface ForeignAdapter extends Pick<ImportedAdapter, 'saysBase'> {
  manifest: Omit<AdapterManifest, 'format' | 'name' | 'createdAt'>;
  write: (path: string) => Promise<void>;
}

/** Throws `usage`, `not_found`, `corrupt`, `unsupported` (with the name of what cannot be held), `mismatch` (it does not
 * fit the model), `disk`, `locked`, `cancelled`; then nothing is stored. */
export async function readForeignAdapter(
  home: string,
  given: string,
  { model: modelName, signal }: Pick<ImportOptions, 'model' | 'signal'>,
): Promise<ForeignAdapter> {
  if (typeof given !== 'string' || given.trim() === '') throw new EngramError('usage', 'An import needs a path.');
  const path = resolve(given);
  const found = await stat(path).catch((error: unknown) => {
    throw fromSystemError(error, path);
  });
  const model = await resolveModel(home, modelName);
  const { architecture, shape } = inspectLanguageModel(model.path);
  const heads = { heads: shape.heads, keyValueHeads: shape.keyValueHeads };
  const readers = { path, modelPath: model.path, architecture, ...heads };
  const { write, facts, saysBase } = found.isDirectory() ? await readFolder(readers) : readGguf(readers);
  throwIfCancelled(signal);
  const sha256 = await modelSha256(home, model.path, signal);
  const base = manifestBase(model.name, sha256, { architecture, ...heads } as BaseModelInfo);
  return { manifest: { base, ...facts, losses: [], trainedTokens: 0 }, write, ...defined({ saysBase }) };
}

interface Source {
  path: string;
  modelPath: string;
  architecture: string;
  heads: number;
  keyValueHeads: number;
}

interface Read {
  facts: Pick<AdapterManifest, 'rank' | 'alpha' | 'targets' | 'layers'> & Partial<AdapterManifest>;
  write: (path: string) => Promise<void>;
  saysBase?: string | undefined;
}

async function readFolder({ path, modelPath, ...base }: Source): Promise<Read> {
  const tensors = new Map(readGgufHeader(modelPath).tensors.map(({ name, dimensions }) => [name, dimensions]));
  const { file, kind, rank, alpha, baseModel } = await fromPeft(path, { ...base, tensors });
  return {
    facts: { kind, rank, alpha, ...placesOf(file.matrices.map(({ name }) => name)) },
    write: (to) => writeAdapterFile(to, file),
    saysBase: baseModel,
  };
}

function readGguf({ path, modelPath }: Source): Read {
  requireAdapterOf(path, modelPath);
  const { tensors, metadata } = readGgufHeader(path);
  const alpha = metadata.get('adapter.lora.alpha');
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) {
    throw new EngramError('corrupt', `${path} is not a sound adapter: it has no alpha.`);
  }
  return {
    facts: { rank: largestRank(tensors), alpha, ...placesOf(tensors.map(({ name }) => name)) },
    write: (to) => copyFile(path, to),
  };
}

function largestRank(tensors: GgufHeader['tensors']): number {
  return Math.max(
    ...tensors.filter(({ name }) => name.endsWith('.lora_a')).map(({ dimensions }) => dimensions[1] ?? 0),
  );
}

/** Targets and layers of tensors by their names; those outside of layers are counted to neither. */
function placesOf(names: readonly string[]): Pick<AdapterManifest, 'targets' | 'layers'> {
  const found = names.flatMap((name) => {
    const [, layer, module] = /^blk\.(\d+)\.(\w+)\.weight\.lora_[ab]$/.exec(name) ?? [];
    return layer === undefined ? [] : [{ layer: Number(layer), module: module! }];
  });
  const layers = found.map(({ layer }) => layer);
  const modules = new Set(found.map(({ module }) => module));
  return {
    targets: Object.entries(MODULES).flatMap(([module, { target }]) => (modules.has(module) ? [target] : [])),
    layers: layers.length === 0 ? [0, 0] : [Math.min(...layers), Math.max(...layers)],
  };
}
