// From what a user calls a model to the files of it: a name, an alias, or the path of their own GGUF.
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { EngramError } from '../errors.js';
import { catalog, findEntry, nearestNames, type CatalogEntry, type ModelRole } from './catalog.js';
import { filePath, isInstalled, modelFolder } from './store.js';

export interface ResolvedModel {
  /** The catalog's name, or the file's name without `.gguf`. */
  name: string;
  /** A chat model's GGUF; an embedding model's folder, laid out as transformers.js reads it. */
  path: string;
  /** Undefined for a file of the user's own. */
  entry?: CatalogEntry;
}

/** Finds an installed model by its name or alias in the catalog, or by the path of a GGUF. Nothing is fetched. Throws
 * `not_found`, with the nearest names or the command that pulls it; `usage` for an empty name or the wrong role. */
export async function resolveModel(
  home: string,
  nameOrPath: string,
  options: { role?: ModelRole; entries?: readonly CatalogEntry[] } = {},
): Promise<ResolvedModel> {
  const entries = options.entries ?? catalog();
  const role = options.role ?? 'chat';
  if (nameOrPath.trim() === '') throw new EngramError('usage', 'A model needs a name or a path.');

  const entry = findEntry(nameOrPath, entries);
  if (entry !== undefined) return installed(home, entry, role);
  if (await isFile(nameOrPath)) {
    return { name: basename(nameOrPath).replace(/\.gguf$/i, ''), path: resolve(nameOrPath) };
  }
  if (/[\\/]|\.gguf$/i.test(nameOrPath)) {
    throw new EngramError('not_found', `There is no model file ${resolve(nameOrPath)}.`, {
      hint: 'Give the path of a GGUF file, or the name of a model: engram models list',
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

const uses: Record<ModelRole, string> = { chat: 'chat', embedding: 'embeddings' };

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
