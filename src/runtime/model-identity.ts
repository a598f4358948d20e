// Which model a name means, by its bytes: what a brain is bound to. Not here: fetching it (models/ensure.ts).
import { EngramError } from '../errors.js';
import type { ModelIdentity } from '../brain/index.js';
import { findEntry, isInstalled, modelSha256, resolveModel } from '../models/index.js';

/** Undefined for a model that is not installed. Throws as resolveModel() does for what is no model. */
export async function modelIdentity(home: string, name: string): Promise<ModelIdentity | undefined> {
  const entry = findEntry(name);
  if (entry !== undefined && !(await isInstalled(home, entry))) return undefined;
  try {
    const model = await resolveModel(home, name, { role: 'chat' });
    return { name: model.name, sha256: await modelSha256(home, model.path) };
  } catch (error) {
    if (error instanceof EngramError && error.code === 'not_found') return undefined;
    throw error;
  }
}
