// Facts about one model, for a person or a program to read. Not here: judging them.
import { findEntry, totalBytes } from './catalog.js';
import { availableMemory, entryNeeds, memoryNeeds } from './fit.js';
import { inspectModel } from './inspect.js';
import { resolveModel } from './resolve.js';
import { modelStatus } from './store.js';

/** An installed model, one of the catalog, or a GGUF file. Throws `not_found`, `corrupt`, `unsupported`. */
export async function showModel(home: string, nameOrPath: string): Promise<Record<string, unknown>> {
  const available = availableMemory();
  const entry = findEntry(nameOrPath);
  if (entry === undefined) {
    const { name, path } = await resolveModel(home, nameOrPath);
    const info = inspectModel(path);
    return { ...info, name, installed: true, memory: { ...memoryNeeds(info), available } };
  }
  const { installed, folder, record } = await modelStatus(home, entry);
  const { name, aliases, role, architecture, parameters, licence, files } = entry;
  return {
    name,
    aliases,
    role,
    architecture,
    parameters,
    licence,
    installed,
    ...(installed ? { folder } : {}),
    ...(record ? { pulledAt: record.pulledAt } : {}),
    bytes: totalBytes(entry),
    files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, ...(sha256 === undefined ? {} : { sha256 }) })),
    ...(role === 'chat' ? { memory: { ...entryNeeds(entry), available } } : {}),
  };
}
