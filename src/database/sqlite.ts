// SQLite as engram uses it, through libsql: connections that may be given a file of someone else, transactions, texts read as
// blobs, errors of ours. Not here: what is in a database (memory/ledger.ts, retrieval/library.ts).
import Database from 'libsql';
import { EngramError, fromSystemError } from '../errors.js';

export type Connection = Database.Database;

/** Milliseconds to wait for another process that is just committing. A commit takes a few. */
const BUSY_MS = 10_000;

/** What the file is, for messages: "The ledger of this brain is damaged". */
export interface DatabaseKind {
  name: string;
  /** What to do about a damaged one. */
  hint: string;
}

/** Opens a database, making an empty file if there is none. Throws `disk`, `corrupt`. */
export function connect(path: string, kind: DatabaseKind): Connection {
  try {
    const database = new Database(path, { timeout: BUSY_MS });
    // extra: the removal of the journal, which is what commits, is on disk too when COMMIT returns.
    // trusted_schema: a brain may come from someone else; its schema must not call functions of ours.
    database.exec('PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF;');
    return database;
  } catch (error) {
    throw translate(error, path, kind);
  }
}

/** BEGIN goes through exec: libsql keeps a prepared statement that failed as busy, and with it its lock. Inside an immediate
 * transaction the write lock is held, so that no prepared statement can fail that way. */
export function transaction<T>(database: Connection, action: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** A column list that reads texts as blobs: libsql ends the process at a text that is no UTF-8, and a damaged file may have
 * one. */
export function asBlobs(...columns: string[]): string {
  return columns.map((name) => `CAST(${name} AS BLOB) AS ${name}`).join(', ');
}

/** The UTF-8 text of a blob, which libsql gives as an ArrayBuffer or a Buffer; what is no UTF-8 is replaced. */
export function textOf(blob: unknown): string {
  return blob instanceof ArrayBuffer || blob instanceof Uint8Array ? new TextDecoder().decode(blob) : '';
}

/** The value of a pragma that is a number, e.g. `user_version`. */
export function pragmaNumber(database: Connection, name: string): number {
  const [row] = database.pragma(name) as Record<string, number>[];
  return row?.[name] ?? 0;
}

/** What SQLite says of a file it finds damaged; undefined for a sound one. */
export function findDamage(database: Connection): string | undefined {
  const check = database.prepare('SELECT CAST(quick_check AS BLOB) AS verdict FROM pragma_quick_check(1)');
  const [row] = check.all() as { verdict: unknown }[];
  const verdict = textOf(row?.verdict);
  return verdict === 'ok' ? undefined : verdict;
}

export function damaged(path: string, kind: DatabaseKind, cause: unknown): EngramError {
  return new EngramError('corrupt', `The ${kind.name} is damaged: ${path}.`, {
    hint: kind.hint,
    cause,
    details: { path },
  });
}

/** Makes an error of ours out of one of SQLite. */
export function translate(error: unknown, path: string, kind: DatabaseKind): unknown {
  if (error instanceof EngramError || !(error instanceof Error)) return error;
  if (error instanceof SyntaxError) return damaged(path, kind, error); // a column that should be JSON
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // SQLITE_ERROR: our statements are always the same, so if one does not fit, the schema in the file is not ours any more.
  if (/^SQLITE_(NOTADB|CORRUPT|ERROR|FORMAT)/.test(code)) return damaged(path, kind, error);
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
