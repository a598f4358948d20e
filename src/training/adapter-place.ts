// An adapter by what a user calls it: the name of one in the store, or the path of a GGUF file made elsewhere, which is checked
// against the model it is to be used with. Not here: folders in the form of PEFT, which have to be converted first.
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EngramError } from '../errors.js';
import { readGgufHeader } from '../models/index.js';
import type { AdapterManifest } from './manifest.js';
import { AdapterStore } from './adapters.js';

export interface FoundAdapter {
  /** The GGUF file. */
  path: string;
  /** Undefined for a file of the user's own. */
  manifest: AdapterManifest | undefined;
}

/** Whether it is meant as a path: no name of an adapter has a slash or ends like this. */
export function isAdapterPath(nameOrPath: string): boolean {
  return /[\\/]|\.gguf$/i.test(nameOrPath);
}

/** Throws `not_found`, `usage`, `corrupt`, `unsupported` (no adapter), and `mismatch` where `modelPath` is given and a file does
 * not fit that model. */
export async function findAdapter(home: string, nameOrPath: string, modelPath?: string): Promise<FoundAdapter> {
  if (!isAdapterPath(nameOrPath)) {
    const { path, manifest } = await new AdapterStore(home).find(nameOrPath);
    return { path, manifest };
  }
  const path = resolve(nameOrPath);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new EngramError('not_found', `There is no adapter file ${path}.`);
  if (found.isDirectory()) {
    const isPeft = (await stat(join(path, 'adapter_config.json')).catch(() => undefined)) !== undefined;
    throw new EngramError('usage', `${path} is a folder${isPeft ? ' in the form of PEFT' : ''}, not a GGUF file.`, {
      hint: isPeft ? 'Make a GGUF of it with convert_lora_to_gguf.py of llama.cpp.' : 'Give the GGUF of the adapter.',
    });
  }
  requireAdapterOf(path, modelPath);
  return { path, manifest: undefined };
}

/** Throws `unsupported` for a file that is no LoRA adapter, `mismatch` for one whose matrices do not fit the model. */
export function requireAdapterOf(path: string, modelPath: string | undefined): void {
  const adapter = readGgufHeader(path);
  if (adapter.metadata.get('general.type') !== 'adapter' || adapter.metadata.get('adapter.type') !== 'lora') {
    throw new EngramError('unsupported', `${path} is not a LoRA adapter.`, {
      hint: 'Give the GGUF that convert_lora_to_gguf.py of llama.cpp or `engram adapters export` wrote.',
    });
  }
  if (modelPath === undefined) return;
  const model = readGgufHeader(modelPath);
  const [its, models] = [adapter, model].map(({ metadata }) => metadata.get('general.architecture'));
  if (its !== models) throw mismatch(path, `it is for ${nameOf(its)}, and the model is ${nameOf(models)}`);
  const tensors = new Map(model.tensors.map(({ name, dimensions }) => [name, dimensions]));
  for (const { name, dimensions } of adapter.tensors) {
    const [, base, side] = /^(.*)\.lora_([ab])$/.exec(name) ?? [];
    if (base === undefined) continue;
    const expected = tensors.get(base);
    if (expected === undefined) throw mismatch(path, `the model has no ${base}`);
    // A takes what the matrix takes, B gives what it gives; embeddings have the other way round.
    const given = side === 'a' ? dimensions[0] : dimensions[1];
    const wanted = side === 'a' ? expected[0] : expected[1];
    if (base !== 'token_embd.weight' && given !== wanted) {
      throw mismatch(path, `${name} is for ${given} values, and the model's ${base} has ${wanted}`);
    }
  }
}

function nameOf(architecture: unknown): string {
  return typeof architecture === 'string' ? architecture : 'an architecture that it does not name';
}

function mismatch(path: string, why: string): EngramError {
  return new EngramError('mismatch', `The adapter ${path} belongs to another model: ${why}.`, {
    hint: 'Use it with the model that it was trained on.',
  });
}
