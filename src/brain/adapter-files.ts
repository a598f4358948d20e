// The adapter files of a brain: what they are called, and that they are on disk before an event names them. A file is written once
// and never changed. Not here: which of them count (brain.ts) and what is in them.
import { readdirSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError } from '../errors.js';
import { makeFolder, sha256File, syncFolder } from '../files.js';
import type { AdapterRecord } from './events.js';
import type { Log } from './log.js';

/** Of the file of a memory's adapter. */
export function adapterFileName(id: string, revision: number): string {
  return revision === 0 ? `${id}.gguf` : `${id}-${revision}.gguf`;
}

export class AdapterFiles {
  constructor(
    private readonly folder: string,
    private readonly ledger: Pick<Log, 'about'>,
  ) {}

  path(id: string, revision: number): string {
    return join(this.folder, adapterFileName(id, revision));
  }

  /** Where a memory's next adapter is to be written: a name that no event has. */
  next(id: string): string {
    return this.path(id, this.#nextRevision(id));
  }

  /** The record of the file at next(id), which is on disk for good when this returns. Throws `not_found`, `disk`. */
  async record(id: string): Promise<AdapterRecord> {
    const revision = this.#nextRevision(id);
    const path = this.path(id, revision);
    await makeDurable(path);
    const { size } = await stat(path);
    return { sha256: await sha256File(path), bytes: size, ...(revision === 0 ? {} : { revision }) };
  }

  /** Deletes what is not named: of a process that was killed, a memory rolled back, one forgotten. */
  async sweep(named: ReadonlySet<string>): Promise<void> {
    await makeFolder(this.folder);
    for (const file of readdirSync(this.folder)) {
      const isOurs = /^m-[0-9a-f]+(?:-\d+)?\.gguf$/.test(file) || file.endsWith('.tmp');
      const path = join(this.folder, file);
      if (isOurs && !named.has(path)) await rm(path, { force: true, recursive: true });
    }
  }

  #nextRevision(id: string): number {
    let next = 0;
    for (const { kind, payload } of this.ledger.about(id)) {
      if (kind === 'remembered' || kind === 'restored' || kind === 'rebuilt' || kind === 'consolidated') {
        next = Math.max(next, (payload.adapter.revision ?? 0) + 1);
      }
    }
    return next;
  }
}

/** Whoever wrote the file: its bytes and its name are on disk when this returns. */
async function makeDurable(path: string): Promise<void> {
  try {
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(join(path, '..'));
  } catch (error) {
    throw fromSystemError(error, path);
  }
}
