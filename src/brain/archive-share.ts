// An exported brain taken into a store: read into a folder aside, checked there as any import is, and then committed as a whole.
// Not here: reading the file (archive-read.ts).
import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkName } from '../config.js';
import { openStore, type Store } from '../store/index.js';
import type { ImportOptions, ImportReport } from './archive-options.js';
import { openBrain, type Brain } from './brain.js';
import type { LedgerEvent } from './events.js';
import { rowOf } from './shared-log.js';

/** @param read reads the file into a home. Throws what the store throws, and `exists`; then nothing is in the store. */
export async function importShared(
  given: string | Store,
  options: ImportOptions,
  read: (home: string) => Promise<ImportReport>,
): Promise<ImportReport> {
  const store = typeof given === 'string' ? await openStore(given) : given;
  const aside = join(options.home, 'shared', `.import-${randomUUID()}`);
  try {
    await store.ready(); // before a large file is read for nothing
    const report = await read(aside);
    const brain = await openBrain({ home: aside, name: report.name });
    try {
      const name = checkName(options.name ?? report.name, 'the brain');
      await store.take(name, renumbered(brain.history()), adaptersOf(brain));
      return { ...report, name };
    } finally {
      brain.close();
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
    if (store !== given) await store.close();
  }
}

/** A store counts from 1 without gaps, whatever the ledger did. */
function renumbered(events: readonly LedgerEvent[]): (ReturnType<typeof rowOf> & { time: string })[] {
  const numbers = new Map(events.map(({ id }, i) => [id, i + 1]));
  return events.map((event) => {
    const undoes = 'undoes' in event.payload ? event.payload.undoes : undefined;
    const payload = undoes === undefined ? event.payload : { ...event.payload, undoes: numbers.get(undoes) ?? undoes };
    return { ...rowOf({ ...event, payload } as LedgerEvent), time: event.time };
  });
}

async function* adaptersOf(brain: Brain): AsyncGenerator<{ sha256: string; data: Uint8Array }> {
  for (const { id, adapter, damaged } of brain.memories()) {
    if (adapter === undefined || damaged !== undefined) continue;
    yield { sha256: adapter.sha256, data: await readFile(brain.adapterPath(id)) };
  }
}
