// What a brain needs of the place where its events are kept: a file here (ledger.ts), or a store that several machines share, with a
// replica here (shared-log.ts). Reading is always local and at once. Not here: what follows from the events (events.ts).
import type { AdapterRecord, EventBody, LedgerEvent } from './events.js';

export interface Log {
  /** Events after the one with this id, oldest first; 0 gives all. */
  since(id: number): LedgerEvent[];
  /** Events about one memory, oldest first. */
  about(memoryId: string): LedgerEvent[];
  /** Adds events in one transaction; the files of adapters that they name are on disk. `gone`: adapters that are of no use after it.
   * Throws `locked`, `disk`, `corrupt`; of a store `network` too. */
  append(events: readonly EventBody[], gone?: readonly AdapterRecord[]): LedgerEvent[] | Promise<LedgerEvent[]>;
  /** Writes a copy as it is at this moment to a file that is not there yet, while others may write. */
  copyTo(path: string): void;
  close(): void;
  /** What only a shared one has. */
  readonly shared?: Sharing;
}

export interface Sharing {
  /** Takes in what others have written. `must`: throws `network` if the store cannot be reached; else what is here is used. */
  pull(must: boolean): Promise<void>;
  /** Writes an adapter to a file. False if the store has it no more. Throws `network`, `disk`. */
  fetch(adapter: AdapterRecord, path: string): Promise<boolean>;
  /** Gives the store an adapter that it has lost. Throws `network`, `disk`. */
  keep(memoryId: string, adapter: AdapterRecord): Promise<void>;
  /** Why what is here may be old, in a sentence; undefined while the store answers. */
  readonly remark: string | undefined;
}
