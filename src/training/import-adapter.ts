// A LoRA that was made elsewhere, taken into the store: a GGUF of the model that it is to be used with. Not here: folders in the form
// of PEFT, which convert_lora_to_gguf.py of llama.cpp makes one of.
import { copyFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { EngramError } from '../errors.js';
import { readGgufHeader, type GgufHeader } from '../models/index.js';
import type { AdapterStore } from './adapters.js';
import { requireAdapterOf } from './adapter-place.js';
import { TARGETS_BY_TENSOR } from './lora-of-file.js';
import type { AdapterManifest, StoredAdapter } from './manifest.js';
import { TARGETS } from './targets.js';

/** The model that it is for. */
export interface ImportModel {
  name: string;
  sha256: string;
  path: string;
}

export interface ImportAdapterOptions {
  /** Here. Default: the name of the file. */
  name?: string | undefined;
  /** Takes the place of an adapter of this name. Default false: that throws `exists`. */
  replace?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Throws `not_found`, `corrupt`, `unsupported` (no LoRA), `mismatch` (of another model), `exists`, `usage` (a name that cannot be),
 * `locked`, `disk`, `cancelled`. */
export async function importAdapter(
  store: AdapterStore,
  from: string,
  model: ImportModel,
  { name, replace = false, signal }: ImportAdapterOptions = {},
): Promise<StoredAdapter> {
  const path = resolve(from);
  requireAdapterOf(path, model.path);
  const manifest = manifestOf(path, model);
  return store.save(name ?? basename(path).replace(/\.gguf$/i, ''), manifest, (to) => copyFile(path, to), {
    replace,
    signal,
  });
}

function manifestOf(path: string, model: ImportModel): Omit<AdapterManifest, 'format' | 'name' | 'createdAt'> {
  const { metadata, tensors } = readGgufHeader(path);
  const ranks: number[] = [];
  const layers: number[] = [];
  const adapted = new Set<string>();
  for (const { name, dimensions } of tensors) {
    const [, layer, tensor = ''] = /^blk\.(\d+)\.(\w+)\.weight\.lora_a$/.exec(name) ?? [];
    if (layer === undefined) continue;
    ranks.push(dimensions[1] ?? 0);
    layers.push(Number(layer));
    adapted.add(TARGETS_BY_TENSOR[tensor] ?? tensor);
  }
  if (ranks.length === 0) throw new EngramError('unsupported', `${path} adapts no layer.`);
  const alpha = metadata.get('adapter.lora.alpha');
  const rank = Math.max(...ranks);
  return {
    base: { name: model.name, sha256: model.sha256, ...shapeOf(readGgufHeader(model.path)) },
    rank,
    alpha: typeof alpha === 'number' && alpha > 0 ? alpha : rank,
    targets: TARGETS.filter((target) => adapted.has(target)),
    layers: [Math.min(...layers), Math.max(...layers)],
    losses: [],
    trainedTokens: 0,
  };
}

function shapeOf({ metadata }: GgufHeader): { architecture: string; heads: number; keyValueHeads: number } {
  const architecture = String(metadata.get('general.architecture'));
  const heads = Number(metadata.get(`${architecture}.attention.head_count`) ?? 1);
  const keyValueHeads = Number(metadata.get(`${architecture}.attention.head_count_kv`) ?? heads);
  return { architecture, heads, keyValueHeads };
}
