// The file of a library: opened, made, checked, and its errors made ours. Not here: what is in it (library.ts, passages.ts).
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect, pragmaNumber, transaction, translate, type Connection } from '../database/index.js';
import { EngramError } from '../errors.js';
import { APPLICATION_ID, LIBRARY_VERSION, MIGRATION, SCHEMA } from './schema.js';

const LIBRARY = {
  name: 'library of this brain',
  hint: 'Delete it and ingest again: it holds nothing but what was in your files.',
};

export class LibraryFile {
  readonly path: string;
  readonly #database: Connection;

  private constructor(path: string, database: Connection) {
    this.path = path;
    this.#database = database;
  }

  /** Opens a library that exists; undefined if there is none. Throws `corrupt`, `unsupported`, `disk`. */
  static open(path: string): LibraryFile | undefined {
    if (!existsSync(path)) return undefined;
    const file = new LibraryFile(path, connect(path, LIBRARY));
    try {
      return file.guard(() => {
        if (pragmaNumber(file.#database, 'user_version') === 0) {
          file.close();
          return undefined;
        }
        file.#check();
        file.#migrate();
        return file;
      });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Opens a library, making it if there is none. Its folder must be there. */
  static openOrCreate(path: string): LibraryFile {
    const file = new LibraryFile(path, connect(path, LIBRARY));
    try {
      file.guard(() => {
        transaction(file.#database, () => {
          if (pragmaNumber(file.#database, 'user_version') !== 0) return;
          if (pragmaNumber(file.#database, 'schema_version') !== 0) throw notALibrary(path);
          file.#database.exec(SCHEMA);
          file.#database.prepare("INSERT INTO settings (key, value) VALUES ('id', ?)").run(randomUUID());
        });
        file.#check();
        file.#migrate();
      });
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  close(): void {
    if (this.#database.open) this.#database.close();
  }

  /** The rows of a query. */
  all(sql: string, ...values: unknown[]): Record<string, unknown>[] {
    return this.guard((database) => database.prepare(sql).all(...values) as Record<string, unknown>[]);
  }

  /** Runs `action` as one transaction. */
  transaction<T>(action: (database: Connection) => T): T {
    return this.guard((database) => transaction(database, () => action(database)));
  }

  /** Runs `action`; what SQLite throws becomes an error of ours. */
  guard<T>(action: (database: Connection) => T): T {
    try {
      return action(this.#database);
    } catch (error) {
      throw translate(error, this.path, LIBRARY);
    }
  }

  /** Two processes may open an old one at once. */
  #migrate(): void {
    if (pragmaNumber(this.#database, 'user_version') === LIBRARY_VERSION) return;
    transaction(this.#database, () => {
      if (pragmaNumber(this.#database, 'user_version') < LIBRARY_VERSION) this.#database.exec(MIGRATION);
    });
  }

  /** The application's mark and version only: to check every page of a large library would take longer than to search it. */
  #check(): void {
    if (pragmaNumber(this.#database, 'application_id') !== APPLICATION_ID) throw notALibrary(this.path);
    const version = pragmaNumber(this.#database, 'user_version');
    if (version > LIBRARY_VERSION) {
      throw new EngramError(
        'unsupported',
        `This library was written by a newer engram: it has version ${version}, this program knows up to ${LIBRARY_VERSION}.`,
        { hint: 'Update engram, or choose another brain with --brain.', details: { path: this.path, version } },
      );
    }
  }
}

function notALibrary(path: string): EngramError {
  return new EngramError('corrupt', `${path} is a database, but not the library of a brain.`, {
    hint: 'Move it away, or choose another brain with --brain.',
    details: { path },
  });
}
