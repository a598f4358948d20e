// The ledger of a brain: one SQLite file of append-only events, the only truth about what the brain holds. Not here: what
// follows from the events (events.ts) and the adapter files beside them (brain.ts).
//
// Journal: the rollback journal, not WAL. Writes are one small transaction per memory, so concurrency gains nothing, and
// at rest the brain is one file that can be copied, or read from a read-only folder. A writer killed at any moment leaves
// a journal that the next one to open the file rolls back.
import { existsSync } from 'node:fs';
import {
  asBlobs,
  connect,
  damaged,
  findDamage,
  pragmaNumber,
  textOf,
  transaction,
  translate,
  type Connection,
} from '../database/index.js';
import { EngramError } from '../errors.js';
import { EVENT_KINDS, type EventBody, type LedgerEvent, type ModelIdentity } from './events.js';
import type { Log } from './log.js';
import { parseEvent, type EventRow } from './parse-event.js';

/** Raised with every change of the schema; older ledgers are migrated, newer ones refused. */
export const LEDGER_VERSION = 3;

/** "engr" in ASCII, in the header of the file: tells a ledger from any other SQLite database. */
const APPLICATION_ID = 0x656e6772;

/** Milliseconds since 1970 that a date can have at most. */
const LAST_DATE = 8.64e15;

const LEDGER = {
  name: 'ledger of this brain',
  hint: 'Put a copy of the brain in its place, or choose another brain with --brain.',
};

// Version 1 did not know the kinds `rebuilt` and `moved`, version 2 not `consolidated`.
// A replaced row would escape the delete trigger (SQLite fires it only with recursive_triggers), so inserting over an id
// is refused too.
const SCHEMA = `
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (${EVENT_KINDS.map((kind) => `'${kind}'`).join(', ')})),
    memory_id TEXT,
    payload TEXT NOT NULL CHECK (json_valid(payload))
  );
  CREATE INDEX events_by_memory ON events (memory_id) WHERE memory_id IS NOT NULL;
  CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
  CREATE TRIGGER events_never_vanish BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
  CREATE TRIGGER events_never_replaced BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${LEDGER_VERSION};`;

/** A table's check cannot be changed, so the events go into a new one. */
const MIGRATION = `
  DROP TRIGGER events_never_change;
  DROP TRIGGER events_never_vanish;
  DROP TRIGGER events_never_replaced;
  DROP INDEX events_by_memory;
  ALTER TABLE events RENAME TO older;
  ${SCHEMA}
  INSERT INTO events SELECT id, time, kind, memory_id, payload FROM older ORDER BY id;
  DROP TABLE older;`;

export class Ledger implements Log {
  readonly path: string;
  readonly #database: Connection;

  private constructor(path: string, database: Connection) {
    this.path = path;
    this.#database = database;
  }

  /** Opens a ledger that exists. Throws `not_found`, `corrupt`, `unsupported` (made by a newer engram), `disk`. */
  static open(path: string): Ledger {
    if (!existsSync(path)) throw new EngramError('not_found', `No such file: ${path}.`);
    const ledger = new Ledger(path, connect(path, LEDGER));
    try {
      ledger.#guard(() => {
        if (pragmaNumber(ledger.#database, 'user_version') === 0)
          throw new EngramError('not_found', `${path} is empty.`);
        ledger.#check();
      });
      return ledger;
    } catch (error) {
      ledger.close();
      throw error;
    }
  }

  /** Opens a ledger, making it with a `created` event if there is none. When two processes do so at once one makes it and
   * both have it. A crash leaves a whole ledger or an empty file, which counts as none. */
  static openOrCreate(path: string, model: ModelIdentity): Ledger {
    return Ledger.#openOrBegin(path, (ledger) =>
      ledger.#insert([{ kind: 'created', memoryId: null, payload: { model } }]),
    );
  }

  /** Opens the replica of a log that is elsewhere, beginning it with that log's first events if there is none. */
  static openReplica(path: string, first: readonly LedgerEvent[]): Ledger {
    return Ledger.#openOrBegin(path, (ledger) => {
      ledger.#copy(first);
    });
  }

  static #openOrBegin(path: string, begin: (ledger: Ledger) => void): Ledger {
    const ledger = new Ledger(path, connect(path, LEDGER));
    try {
      ledger.#guard(() => {
        transaction(ledger.#database, () => {
          if (pragmaNumber(ledger.#database, 'user_version') !== 0) return;
          if (pragmaNumber(ledger.#database, 'schema_version') !== 0) throw notALedger(path);
          ledger.#database.exec(SCHEMA);
          begin(ledger);
        });
        ledger.#check();
      });
      return ledger;
    } catch (error) {
      ledger.close();
      throw error;
    }
  }

  /** Adds events in one transaction: on disk, all of them or none, when this returns. Throws `locked`, `disk`, `corrupt`. */
  append(events: readonly EventBody[]): LedgerEvent[] {
    return this.#write(() => this.#insert(events));
  }

  /** Takes in events of the log that this is a replica of, with their ids and times; those it has are passed over. Throws `corrupt`
   * where some between are missing. */
  adopt(events: readonly LedgerEvent[]): void {
    if (events.length === 0) return;
    this.#write(() => {
      this.#copy(events);
    });
  }

  /** Id of the last event. */
  last(): number {
    return this.#guard(() => this.#last());
  }

  /** Events after the one with this id, oldest first; 0 gives all. */
  since(id: number): LedgerEvent[] {
    return this.#guard(() => this.#rows('WHERE id > ?', id));
  }

  /** Events about one memory, oldest first. */
  about(memoryId: string): LedgerEvent[] {
    return this.#guard(() => this.#rows('WHERE memory_id = ?', memoryId));
  }

  /** Writes a copy as it is at this moment to a file that is not there yet, while others may write. */
  copyTo(path: string): void {
    this.#guard(() => this.#database.prepare('VACUUM INTO ?').run(path));
  }

  close(): void {
    if (this.#database.open) this.#database.close();
  }

  #write<T>(action: () => T): T {
    return this.#guard(() =>
      transaction(this.#database, () => {
        // Here, where something is written, and not when it is opened: a brain in a read-only folder stays readable.
        if (pragmaNumber(this.#database, 'user_version') < LEDGER_VERSION) this.#database.exec(MIGRATION);
        return action();
      }),
    );
  }

  #last(): number {
    const row = this.#database.prepare('SELECT coalesce(max(id), 0) AS last FROM events').get();
    return Number((row as { last: unknown }).last);
  }

  #copy(events: readonly LedgerEvent[]): void {
    const insert = this.#database.prepare(
      'INSERT INTO events (id, time, kind, memory_id, payload) VALUES (?, ?, ?, ?, ?)',
    );
    let last = this.#last();
    for (const { id, time, kind, memoryId, payload } of events) {
      if (id <= last) continue;
      if (id !== last + 1) throw damaged(this.path, LEDGER, `event ${id} follows event ${last}`);
      insert.run(id, time, kind, memoryId, JSON.stringify(payload));
      last = id;
    }
  }

  #insert(events: readonly EventBody[]): LedgerEvent[] {
    const insert = this.#database.prepare('INSERT INTO events (time, kind, memory_id, payload) VALUES (?, ?, ?, ?)');
    // One time for all of a transaction, and later than any before, whatever the clock says: so one can tell what was done at once.
    const last = this.#database.prepare(`SELECT ${asBlobs('time')} FROM events ORDER BY id DESC LIMIT 1`).get();
    const lastMs = Date.parse(textOf((last as { time?: unknown } | undefined)?.time));
    const time = new Date(
      Math.max(Date.now(), Number.isFinite(lastMs) ? Math.min(lastMs + 1, LAST_DATE) : 0),
    ).toISOString();
    return events.map((event) => {
      const { kind, memoryId } = event;
      const payload = JSON.stringify(event.payload);
      // One such event would make a damaged brain of the whole ledger.
      if (parseEvent({ id: 0, time, kind, memory_id: memoryId, payload }) === undefined) {
        throw new EngramError('internal', `A ${kind} event of ${String(memoryId)} lacks something, or has too much.`);
      }
      const { lastInsertRowid } = insert.run(time, kind, memoryId, payload);
      return { ...event, id: Number(lastInsertRowid), time };
    });
  }

  #rows(where: string, value: number | string): LedgerEvent[] {
    const columns = asBlobs('time', 'kind', 'memory_id', 'payload');
    const select = this.#database.prepare(`SELECT id, ${columns} FROM events ${where} ORDER BY id`);
    return (select.all(value) as Record<keyof EventRow, unknown>[]).map((row) => {
      const event = parseEvent({
        id: Number(row.id),
        time: textOf(row.time),
        kind: textOf(row.kind),
        memory_id: row.memory_id === null ? null : textOf(row.memory_id),
        payload: textOf(row.payload),
      });
      if (event === undefined) throw damaged(this.path, LEDGER, `event ${String(row.id)} is none that engram writes`);
      return event;
    });
  }

  #check(): void {
    if (pragmaNumber(this.#database, 'application_id') !== APPLICATION_ID) throw notALedger(this.path);
    const version = pragmaNumber(this.#database, 'user_version');
    if (version > LEDGER_VERSION) {
      throw new EngramError(
        'unsupported',
        `This brain was written by a newer engram: its ledger has version ${version}, this program knows up to ${LEDGER_VERSION}.`,
        { hint: 'Update engram, or choose another brain with --brain.', details: { path: this.path, version } },
      );
    }
    const damage = findDamage(this.#database);
    if (damage !== undefined) throw damaged(this.path, LEDGER, damage);
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw translate(error, this.path, LEDGER);
    }
  }
}

function notALedger(path: string): EngramError {
  return new EngramError('corrupt', `${path} is a database, but not the ledger of a brain.`, {
    hint: 'Move it away, or choose another brain with --brain.',
    details: { path },
  });
}
