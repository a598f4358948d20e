// The model that `auto` means: the largest installed one that this machine can memorize with, base models last. Of all its memory, not of what is free,
// so that it is the same one tomorrow: a brain belongs to its model. Not here: whether it is the best at anything.
import { catalog, defaultEntry, type CatalogEntry } from './catalog.js';
import { entryNeeds, fitsIn } from './fit.js';
import { machineMemory } from './memory-room.js';
import { isInstalled } from './store.js';

export const AUTO = 'auto';

/** Its name in the catalog; the default one where none that fits is installed. `memory` in bytes, for tests. */
export async function autoModel(
  home: string,
  entries: readonly CatalogEntry[] = catalog(),
  memory: number = machineMemory(),
): Promise<string> {
  const fitting = entries.filter(
    (entry) => entry.role === 'chat' && fitsIn(entryNeeds(entry, { memory }), memory).training,
  );
  const isBase = ({ chatTemplate }: CatalogEntry): number => (chatTemplate === undefined ? 0 : 1);
  for (const entry of fitting.sort((a, b) => isBase(a) - isBase(b) || b.parameters - a.parameters)) {
    if (await isInstalled(home, entry)) return entry.name;
  }
  return defaultEntry('chat', entries).name;
}
