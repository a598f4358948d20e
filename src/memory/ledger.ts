// The ledger of a brain: one SQLite file of append-only events, the only truth about what the brain holds. Not here: what
// follows from the events (events.ts) and the adapter files beside them (brain.ts).
//
// Journal: the rollback journal, not WAL. Writes are one small transaction per memory, so concurrency gains nothing, and
// at rest the brain is one file that can be copied, or read from a read-only folder. A writer killed at any moment leaves
// a journal that the next one to open the file rolls back.
import { existsSync } from 'node:fs';
import Database from 'libsql';
import { EngramError, fromSystemError } from '../errors.js';
import { EVENT_KINDS, type EventBody, type LedgerEvent, type ModelIdentity } from './events.js';
import { parseEvent, type EventRow } from './parse-event.js';

/** Raised with every change of the schema; older ledgers are migrated, newer ones refused. */
export const LEDGER_VERSION = 1;

/** "engr" in ASCII, in the header of the file: tells a ledger from any other SQLite database. */
const APPLICATION_ID = 0x656e6772;

/** Milliseconds to wait for another process that is just committing. A commit takes a few. */
const BUSY_MS = 10_000;

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

export class Ledger {
  readonly path: string;
  readonly #database: Database.Database;

  private constructor(path: string, database: Database.Database) {
    this.path = path;
    this.#database = database;
  }

  /** Opens a ledger that exists. Throws `not_found`, `corrupt`, `unsupported` (made by a newer engram), `disk`. */
  static open(path: string): Ledger {
    if (!existsSync(path)) throw new EngramError('not_found', `No such file: ${path}.`);
    const ledger = new Ledger(path, connect(path));
    try {
      ledger.#guard(() => {
        if (number(ledger.#database, 'user_version') === 0) throw new EngramError('not_found', `${path} is empty.`);
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
    const ledger = new Ledger(path, connect(path));
    try {
      ledger.#guard(() => {
        ledger.#transaction(() => {
          if (number(ledger.#database, 'user_version') !== 0) return;
          if (number(ledger.#database, 'schema_version') !== 0) throw notALedger(path);
          ledger.#database.exec(SCHEMA);
          ledger.#insert([{ kind: 'created', memoryId: null, payload: { model } }]);
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
  append(...events: EventBody[]): LedgerEvent[] {
    return this.#guard(() => this.#transaction(() => this.#insert(events)));
  }

  /** Events after the one with this id, oldest first; 0 gives all. */
  since(id: number): LedgerEvent[] {
    return this.#guard(() => this.#rows('WHERE id > ?', id));
  }

  /** Events about one memory, oldest first. */
  about(memoryId: string): LedgerEvent[] {
    return this.#guard(() => this.#rows('WHERE memory_id = ?', memoryId));
  }

  close(): void {
    if (this.#database.open) this.#database.close();
  }

  #insert(events: readonly EventBody[]): LedgerEvent[] {
    const insert = this.#database.prepare('INSERT INTO events (time, kind, memory_id, payload) VALUES (?, ?, ?, ?)');
    return events.map((event) => {
      const time = new Date().toISOString();
      const { lastInsertRowid } = insert.run(time, event.kind, event.memoryId, JSON.stringify(event.payload));
      return { ...event, id: Number(lastInsertRowid), time };
    });
  }

  #rows(where: string, value: number | string): LedgerEvent[] {
    // As blobs: libsql ends the process at a text that is no UTF-8, and a damaged ledger may have one.
    const columns = ['time', 'kind', 'memory_id', 'payload']
      .map((name) => `CAST(${name} AS BLOB) AS ${name}`)
      .join(', ');
    const select = this.#database.prepare(`SELECT id, ${columns} FROM events ${where} ORDER BY id`);
    return (select.all(value) as Record<keyof EventRow, unknown>[]).map((row) => {
      const event = parseEvent({
        id: Number(row.id),
        time: text(row.time),
        kind: text(row.kind),
        memory_id: row.memory_id === null ? null : text(row.memory_id),
        payload: text(row.payload),
      });
      if (event === undefined) throw damaged(this.path, `event ${String(row.id)} is none that engram writes`);
      return event;
    });
  }

  /** BEGIN goes through exec: libsql keeps a prepared statement that failed as busy, and with it its lock. Inside an
   * immediate transaction the write lock is held, so that no prepared statement can fail that way. */
  #transaction<T>(action: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = action();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #check(): void {
    if (number(this.#database, 'application_id') !== APPLICATION_ID) throw notALedger(this.path);
    const version = number(this.#database, 'user_version');
    if (version > LEDGER_VERSION) {
      throw new EngramError(
        'unsupported',
        `This brain was written by a newer engram: its ledger has version ${version}, this program knows up to ${LEDGER_VERSION}.`,
        { hint: 'Update engram, or choose another brain with --brain.', details: { path: this.path, version } },
      );
    }
    const check = this.#database.prepare('SELECT CAST(quick_check AS BLOB) AS verdict FROM pragma_quick_check(1)');
    const [row] = check.all() as { verdict: unknown }[];
    const verdict = text(row?.verdict);
    if (verdict !== 'ok') throw damaged(this.path, verdict);
  }

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw translate(error, this.path);
    }
  }
}

function connect(path: string): Database.Database {
  try {
    const database = new Database(path, { timeout: BUSY_MS });
    // extra: the removal of the journal, which is what commits, is on disk too when COMMIT returns.
    // trusted_schema: a brain may come from someone else; its schema must not call functions of ours.
    database.exec('PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF;');
    return database;
  } catch (error) {
    throw translate(error, path);
  }
}

/** The UTF-8 text of a blob, which libsql gives as an ArrayBuffer; what is no UTF-8 is replaced. */
function text(blob: unknown): string {
  return blob instanceof ArrayBuffer || blob instanceof Uint8Array ? new TextDecoder().decode(blob) : '';
}

function number(database: Database.Database, pragma: string): number {
  const [row] = database.pragma(pragma) as Record<string, number>[];
  return row?.[pragma] ?? 0;
}

function notALedger(path: string): EngramError {
  return new EngramError('corrupt', `${path} is a database, but not the ledger of a brain.`, {
    hint: 'Move it away, or choose another brain with --brain.',
    details: { path },
  });
}

function damaged(path: string, cause: unknown): EngramError {
  return new EngramError('corrupt', `The ledger of this brain is damaged: ${path}.`, {
    hint: 'Put a copy of the brain in its place, or choose another brain with --brain.',
    cause,
    details: { path },
  });
}

/** Makes an error of ours out of one of SQLite. */
export function translate(error: unknown, path: string): unknown {
  if (error instanceof EngramError || !(error instanceof Error)) return error;
  if (error instanceof SyntaxError) return damaged(path, error); // a payload that is no JSON
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // SQLITE_ERROR: our statements are always the same, so if one does not fit, the schema in the file is not ours any more.
  if (/^SQLITE_(NOTADB|CORRUPT|ERROR|FORMAT)/.test(code)) return damaged(path, error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new EngramError('locked', `Another process is using ${path}.`, { hint: 'Try again.', cause: error });
  }
  const asSystemError = (name: string): unknown =>
    fromSystemError(Object.assign(new Error(error.message, { cause: error }), { code: name }), path);
  if (code.startsWith('SQLITE_FULL')) return asSystemError('ENOSPC');
  if (/^SQLITE_(READONLY|CANTOPEN|PERM)/.test(code)) return asSystemError('EACCES');
  // What opening a connection throws has no code, only SQLite's number in its message: 14 is CANTOPEN.
  if (error.message.startsWith('ConnectionFailed')) return asSystemError('EACCES');
  if (code.startsWith('SQLITE_IOERR')) {
    return new EngramError('disk', `Reading or writing ${path} failed.`, { cause: error });
  }
  return error;
}
