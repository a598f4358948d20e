// An adapter by what a user calls it: the name of one in the store, or the path of a GGUF file made elsewhere, which is checked
// against the model it is to be used with. Not here: folders in the form of PEFT, which have to be imported first
// (import.ts).
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EngramError } from '../errors.js';
import type { AdapterManifest } from './manifest.js';
import { requireAdapterOf } from './adapter-of.js';
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
      hint: isPeft ? `Import it: engram adapters import ${nameOrPath} --name NAME` : 'Give the GGUF of the adapter.',
    });
  }
  requireAdapterOf(path, modelPath);
  return { path, manifest: undefined };
}
