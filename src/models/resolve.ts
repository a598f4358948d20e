// From what a user calls a model to the files of it: a name, an alias, or the path of their own GGUF.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EngramError } from '../errors.js';
import { AUTO, autoModel } from './auto.js';
import { catalog, findEntry, nearestNames, type CatalogEntry, type ModelRole } from './catalog.js';
import { firstPart, modelNameOf } from './gguf-parts.js';
import { filePath, isInstalled, modelFolder } from './store.js';

export interface ResolvedModel {
  /** The catalog's name, or the file's name without `.gguf`. */
  name: string;
  /** A chat model's GGUF, the first part of one in several; an embedding model's folder, laid out as transformers.js reads it. */
  path: string;
  /** Undefined for a file of the user's own. */
  entry?: CatalogEntry;
}

/** Finds an installed model by its name or alias in the catalog, by a path (of a GGUF, or of an embedding model's folder), or as
 * `auto` (auto.ts). Nothing is fetched. Throws
 * `not_found`, with the nearest names or the command that pulls it; `usage` for an empty name or the wrong role. */
export async function resolveModel(
  home: string,
  nameOrPath: string,
  options: { role?: ModelRole; entries?: readonly CatalogEntry[] } = {},
): Promise<ResolvedModel> {
  const entries = options.entries ?? catalog();
  const role = options.role ?? 'chat';
  if (nameOrPath.trim() === '') throw new EngramError('usage', 'A model needs a name or a path.');

  if (nameOrPath === AUTO && role === 'chat') return resolveModel(home, await autoModel(home, entries), options);
  const entry = findEntry(nameOrPath, entries);
  if (entry !== undefined) return installed(home, entry, role);
  const found = await stat(nameOrPath).catch(() => undefined);
  // A chat model is a file, an embedding model a folder.
  if (role === 'chat' ? found?.isFile() === true : found?.isDirectory() === true) {
    const path = role === 'chat' ? firstPart(resolve(nameOrPath)) : resolve(nameOrPath);
    return { name: modelNameOf(path), path };
  }
  if (/[\\/]|\.gguf$/i.test(nameOrPath)) {
    throw new EngramError('not_found', `There is no model ${inWords[role]} ${resolve(nameOrPath)}.`, {
      hint: `Give the path of ${aPath[role]}, or the name of a model: engram models list`,
    });
  }
  const near = nearestNames(nameOrPath, entries);
  throw new EngramError('not_found', `There is no model "${nameOrPath}".`, {
    hint:
      near.length > 0
        ? `Did you mean ${near.join(' or ')}? All of them: engram models list`
        : 'All models: engram models list',
    details: { near },
  });
}

async function installed(home: string, entry: CatalogEntry, role: ModelRole): Promise<ResolvedModel> {
  if (entry.role !== role) {
    throw new EngramError('usage', `${entry.name} is a model for ${uses[entry.role]}, not for ${uses[role]}.`);
  }
  if (!(await isInstalled(home, entry))) {
    throw new EngramError('not_found', `The model ${entry.name} is not installed.`, {
      hint: `Get it with: engram models pull ${entry.name}`,
      details: { name: entry.name, home },
    });
  }
  const weights = entry.files.find((file) => file.path.endsWith('.gguf'));
  return {
    name: entry.name,
    path: weights === undefined ? modelFolder(home, entry) : filePath(home, entry, weights),
    entry,
  };
}

const inWords: Record<ModelRole, string> = { chat: 'file', embedding: 'folder' };
const aPath: Record<ModelRole, string> = { chat: 'a GGUF file', embedding: 'a folder' };
const uses: Record<ModelRole, string> = { chat: 'chat', embedding: 'embeddings' };
