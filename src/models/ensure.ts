// A model that is there, or is pulled now. Not here: where it comes from (pull.ts).
import { throwIfCancelled } from '../errors.js';
import { AUTO, autoModel } from './auto.js';
import { findEntry } from './catalog.js';
import { pullModel } from './pull.js';
import { resolveModel, type ResolvedModel } from './resolve.js';
import { isInstalled } from './store.js';

/** Resolves a name or path; one of the catalog that is not installed is pulled. `onPull` is told the share that has come, from
 * 0 to 1. Throws as pullModel() and resolveModel() do, and `cancelled`. */
export async function ensureModel(
  { home, offline }: { home: string; offline: boolean },
  given: string,
  role: 'chat' | 'embedding',
  onPull?: (share: number) => void,
  signal?: AbortSignal,
): Promise<ResolvedModel> {
  const name = given === AUTO && role === 'chat' ? await autoModel(home) : given;
  const entry = findEntry(name);
  if (entry !== undefined && !(await isInstalled(home, entry))) {
    await pullModel(home, name, {
      offline,
      signal,
      onProgress: ({ receivedBytes, totalBytes }) => onPull?.(receivedBytes / Math.max(1, totalBytes)),
    });
  }
  throwIfCancelled(signal);
  return resolveModel(home, name, { role });
}
