// The library of a brain: one SQLite file with its documents, their passages, the words of these and their vectors. It is the
// truth about what was ingested; the index of vectors is made of it. Not here: reading files (ingest.ts), ranking (search.ts).
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { asBlobs, connect, pragmaNumber, textOf, transaction, translate, type Connection } from '../database/index.js';
import { EngramError } from '../errors.js';
import { contextOf, type Chunk } from './chunks.js';
import type { DocumentKind, Metadata, SkipCode } from './readers/index.js';
import type { Term } from './relevance.js';
import { APPLICATION_ID, LIBRARY_VERSION, SCHEMA } from './schema.js';
import type { Passage, StoredDocument } from './types.js';
import type { VectorBatch } from './vectors/index.js';
import { indexable } from './words.js';

const LIBRARY = {
  name: 'library of this brain',
  hint: 'Delete it and ingest again: it holds nothing but what was in your files.',
};

/** A file as it was read. */
export interface ReadFile {
  path: string;
  /** SHA-256 of its bytes. */
  hash: string;
  bytes: number;
  mtimeMs: number;
  /** When reading it began, milliseconds since 1970. */
  readMs: number;
}

/** What becomes of a file in the library. */
export interface DocumentUpdate {
  file: ReadFile;
  kind?: DocumentKind;
  title?: string | undefined;
  metadata?: Metadata;
  chunks: readonly Chunk[];
  skipped?: { code: SkipCode; reason: string };
}

/** What is known of a file, to see whether it has changed. */
export interface KnownFile extends ReadFile {
  id: number;
  reader: number;
  skipped: { code: SkipCode; reason: string } | undefined;
}

/** A passage of which the vector is wanted. */
export interface Unembedded {
  hash: Uint8Array;
  text: string;
}

export class Library {
  readonly path: string;
  readonly #database: Connection;

  private constructor(path: string, database: Connection) {
    this.path = path;
    this.#database = database;
  }

  /** Opens a library that exists; undefined if there is none. Throws `corrupt`, `unsupported`, `disk`. */
  static open(path: string): Library | undefined {
    if (!existsSync(path)) return undefined;
    const library = new Library(path, connect(path, LIBRARY));
    try {
      return library.#guard(() => {
        if (pragmaNumber(library.#database, 'user_version') === 0) {
          library.close();
          return undefined;
        }
        library.#check();
        return library;
      });
    } catch (error) {
      library.close();
      throw error;
    }
  }

  /** Opens a library, making it if there is none. Its folder must be there. */
  static openOrCreate(path: string): Library {
    const library = new Library(path, connect(path, LIBRARY));
    try {
      library.#guard(() => {
        transaction(library.#database, () => {
          if (pragmaNumber(library.#database, 'user_version') !== 0) return;
          if (pragmaNumber(library.#database, 'schema_version') !== 0) throw notALibrary(path);
          library.#database.exec(SCHEMA);
          library.#database.prepare("INSERT INTO settings (key, value) VALUES ('id', ?)").run(randomUUID());
        });
        library.#check();
      });
      return library;
    } catch (error) {
      library.close();
      throw error;
    }
  }

  close(): void {
    if (this.#database.open) this.#database.close();
  }

  /** The embedder whose vectors search compares with; undefined before the first passage. */
  get embedder(): string | undefined {
    const [row] = this.#all(`SELECT ${asBlobs('value')} FROM settings WHERE key = 'embedder'`);
    return row === undefined ? undefined : textOf(row['value']);
  }

  /** Counts the changes of passages and vectors. */
  get revision(): number {
    const [row] = this.#all("SELECT CAST(value AS INTEGER) AS revision FROM settings WHERE key = 'revision'");
    return Number(row?.['revision'] ?? 0);
  }

  /** Names this library and its revision among all libraries. */
  get stamp(): string {
    const [row] = this.#all(`SELECT ${asBlobs('value')} FROM settings WHERE key = 'id'`);
    return `${textOf(row?.['value'])}:${this.revision}`;
  }

  /** What was given to ingest, so that it can be gone through again. */
  roots(): string[] {
    return this.#all(`SELECT ${asBlobs('path')} FROM roots ORDER BY path`).map((row) => textOf(row['path']));
  }

  documents(): StoredDocument[] {
    const columns = asBlobs('path', 'kind', 'title', 'skip_code', 'skip_reason');
    const count = '(SELECT count(*) FROM passages WHERE document_id = documents.id) AS passages';
    return this.#all(`SELECT id, bytes, mtime_ms, ${columns}, ${count} FROM documents ORDER BY path`).map((row) => ({
      id: Number(row['id']),
      path: textOf(row['path']),
      kind: row['kind'] === null ? undefined : (textOf(row['kind']) as DocumentKind),
      title: row['title'] === null ? undefined : textOf(row['title']),
      bytes: Number(row['bytes']),
      mtimeMs: Number(row['mtime_ms']),
      passages: Number(row['passages']),
      skipped: skippedOf(row),
    }));
  }

  /** Files by their paths, as they were when they were read. */
  knownFiles(): Map<string, KnownFile> {
    const columns = asBlobs('path', 'hash', 'skip_code', 'skip_reason');
    const rows = this.#all(`SELECT id, bytes, mtime_ms, read_ms, reader, ${columns} FROM documents`);
    return new Map(
      rows.map((row) => {
        const path = textOf(row['path']);
        const file: KnownFile = {
          id: Number(row['id']),
          path,
          hash: textOf(row['hash']),
          bytes: Number(row['bytes']),
          mtimeMs: Number(row['mtime_ms']),
          readMs: Number(row['read_ms']),
          reader: Number(row['reader']),
          skipped: skippedOf(row),
        };
        return [path, file];
      }),
    );
  }

  counts(): { documents: number; passages: number } {
    const [row] = this.#all(
      `SELECT (SELECT count(*) FROM documents WHERE skip_code IS NULL) AS documents,
              (SELECT count(*) FROM passages) AS passages`,
    );
    return { documents: Number(row?.['documents']), passages: Number(row?.['passages']) };
  }

  /** Which of these texts have no sound vector of this embedder, each once. */
  withoutVector(texts: readonly string[], embedder: string, dimensions: number): Unembedded[] {
    const missing = new Map<string, Unembedded>();
    this.#guard(() => {
      const select = this.#database.prepare(
        'SELECT length(vector) AS bytes FROM vectors WHERE text_hash = ? AND embedder = ?',
      );
      for (const text of texts) {
        const hash = hashOf(text);
        const [row] = select.all(hash, embedder) as Record<string, unknown>[];
        if (Number(row?.['bytes'] ?? 0) !== 4 * dimensions) missing.set(hash.toString('hex'), { hash, text });
      }
    });
    return [...missing.values()];
  }

  /** The texts of passages that have no vector of this embedder, or one of another length, at most `most`. */
  unembedded(embedder: { id: string; dimensions: number }, most: number): Unembedded[] {
    const rows = this.#all(
      `SELECT ${asBlobs('p.text', 'p.headings', 'd.title').replaceAll(/AS [pd]\./gu, 'AS ')}
       FROM passages p JOIN documents d ON d.id = p.document_id
       WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.text_hash = p.text_hash AND v.embedder = ? AND length(v.vector) = ?)
       GROUP BY p.text_hash LIMIT ?`,
      embedder.id,
      4 * embedder.dimensions,
      most,
    );
    return rows.map((row) => {
      const title = row['title'] === null ? undefined : textOf(row['title']);
      const text = contextOf(title, { text: textOf(row['text']), headings: stringsOf(row['headings']) });
      return { hash: hashOf(text), text };
    });
  }

  /** Documents with their passages and the vectors these need, and what was removed, in one transaction. */
  write(changes: {
    updates?: readonly DocumentUpdate[];
    /** Ids of documents. */
    removed?: readonly number[];
    vectors?: readonly { hash: Uint8Array; vector: Float32Array }[];
    embedder?: string;
    roots?: readonly string[];
    reader?: number;
  }): void {
    const database = this.#database;
    this.#guard(() => {
      transaction(database, () => {
        for (const root of changes.roots ?? []) {
          database.prepare('INSERT OR IGNORE INTO roots (path) VALUES (?)').run(root);
        }
        for (const id of changes.removed ?? []) this.#remove(id);
        for (const update of changes.updates ?? []) this.#put(update, changes.reader ?? 0);
        database.exec(
          `INSERT INTO settings (key, value) VALUES ('revision', '1')
           ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1`,
        );
        if (changes.embedder === undefined) return;
        database.prepare("INSERT OR REPLACE INTO settings (key, value) VALUES ('embedder', ?)").run(changes.embedder);
        const insert = database.prepare(
          'INSERT OR REPLACE INTO vectors (text_hash, embedder, vector) VALUES (?, ?, ?)',
        );
        for (const { hash, vector } of changes.vectors ?? []) insert.run(hash, changes.embedder, bytesOf(vector));
      });
    });
  }

  /** Notes that a file was looked at and has not changed. */
  touch({ path, mtimeMs, readMs }: Pick<ReadFile, 'path' | 'mtimeMs' | 'readMs'>): void {
    this.#guard(() => {
      this.#database
        .prepare('UPDATE documents SET mtime_ms = ?, read_ms = ? WHERE path = ?')
        .run(mtimeMs, readMs, path);
    });
  }

  /** Roots that are meant are no longer gone through. */
  forgetRoots(isMeant: (path: string) => boolean): void {
    const roots = this.roots().filter(isMeant);
    this.#guard(() => {
      transaction(this.#database, () => {
        for (const root of roots) this.#database.prepare('DELETE FROM roots WHERE path = ?').run(root);
      });
    });
  }

  /** Deletes vectors that no passage needs, and those of other embedders. */
  sweep(embedder: string): void {
    this.#guard(() => {
      transaction(this.#database, () => {
        this.#database
          .prepare('DELETE FROM vectors WHERE embedder <> ? OR text_hash NOT IN (SELECT text_hash FROM passages)')
          .run(embedder);
      });
    });
  }

  /** Ids of all passages, ascending. */
  passageIds(): Uint32Array {
    return Uint32Array.from(this.#all('SELECT id FROM passages ORDER BY id'), (row) => Number(row['id']));
  }

  /** The vectors of these passages by one embedder; those that are missing or unsound are left out. */
  vectors(ids: Uint32Array, embedder: string, dimensions: number): VectorBatch {
    const labels: number[] = [];
    const found: Float32Array[] = [];
    const rows = this.#all(
      `SELECT p.id AS id, v.vector AS vector FROM json_each(?) AS wanted JOIN passages p ON p.id = wanted.value
       JOIN vectors v ON v.text_hash = p.text_hash AND v.embedder = ?`,
      JSON.stringify([...ids]),
      embedder,
    );
    for (const row of rows) {
      const vector = floatsOf(row['vector'], dimensions);
      if (vector === undefined) continue;
      labels.push(Number(row['id']));
      found.push(vector);
    }
    const vectors = new Float32Array(found.length * dimensions);
    found.forEach((vector, i) => {
      vectors.set(vector, i * dimensions);
    });
    return { labels: Uint32Array.from(labels), vectors };
  }

  /** Passages by their ids, in the same order; those that are gone are left out. */
  passages(ids: readonly number[]): Passage[] {
    const columns = ['p.headings', 'p.text', 'p.metadata', 'd.path', 'd.title', 'd.metadata'].map(
      (name) => `CAST(${name} AS BLOB) AS ${name.replace('.', '_')}`,
    );
    const rows = this.#all(
      `SELECT p.id AS id, p.start AS start, p.end AS end, p.page AS page, ${columns.join(', ')}
       FROM json_each(?) AS wanted JOIN passages p ON p.id = wanted.value JOIN documents d ON d.id = p.document_id
       ORDER BY wanted.key`,
      JSON.stringify(ids),
    );
    return rows.map((row) => ({
      id: Number(row['id']),
      ...placed({
        source: textOf(row['d_path']),
        title: row['d_title'] === null ? undefined : textOf(row['d_title']),
        headings: stringsOf(row['p_headings']),
        page: row['page'] === null ? undefined : Number(row['page']),
      }),
      start: Number(row['start']),
      end: Number(row['end']),
      text: textOf(row['p_text']),
      metadata: { ...metadataOf(row['d_metadata']), ...metadataOf(row['p_metadata']) },
    }));
  }

  /** The passages of the documents that `wanted` picks, with these fields (of passage or document, whatever their case). */
  passagesOf(wanted: (document: { path: string; mtimeMs: number }) => boolean, fields: Metadata = {}): Uint32Array {
    const documents = this.#all(`SELECT id, mtime_ms, ${asBlobs('path')} FROM documents WHERE skip_code IS NULL`)
      .filter((row) => wanted({ path: textOf(row['path']), mtimeMs: Number(row['mtime_ms']) }))
      .map((row) => Number(row['id']));
    const entries = Object.entries(fields);
    const has = (column: string): string =>
      `EXISTS (SELECT 1 FROM json_each(${column}) AS field WHERE field.key = ? AND CAST(field.value AS TEXT) = ? COLLATE NOCASE)`;
    const conditions = entries.map(() => ` AND (${has('p.metadata')} OR ${has('d.metadata')})`).join('');
    const rows = this.#all(
      `SELECT p.id AS id FROM json_each(?) AS wanted JOIN documents d ON d.id = wanted.value
       JOIN passages p ON p.document_id = d.id WHERE 1${conditions}`,
      JSON.stringify(documents),
      ...entries.flatMap(([key, value]) => [key, String(value), key, String(value)]),
    );
    return Uint32Array.from(rows, (row) => Number(row['id']));
  }

  /** Passages that have words of an FTS5 expression, best by bm25 first. */
  matching(expression: string, most: number, allowed?: Uint32Array): { id: number; score: number }[] {
    const only = allowed === undefined ? '' : 'AND rowid IN (SELECT value FROM json_each(?))';
    const rows = this.#all(
      `SELECT rowid AS id, -bm25(words) AS score FROM words WHERE words MATCH ? ${only} ORDER BY bm25(words), rowid LIMIT ?`,
      expression,
      ...(allowed === undefined ? [] : [JSON.stringify([...allowed])]),
      most,
    );
    return rows.map((row) => ({ id: Number(row['id']), score: Number(row['score']) }));
  }

  /** For each FTS5 expression how many passages have it, and which of these do. */
  termsIn(terms: readonly string[], ids: readonly number[]): Term[] {
    const wanted = JSON.stringify(ids);
    return terms.map((term) => {
      const [row] = this.#all('SELECT count(*) AS frequency FROM words WHERE words MATCH ?', term);
      const rows = this.#all(
        'SELECT rowid AS id FROM words WHERE words MATCH ? AND rowid IN (SELECT value FROM json_each(?))',
        term,
        wanted,
      );
      return { frequency: Number(row?.['frequency']), ids: new Set(rows.map(({ id }) => Number(id))) };
    });
  }

  #put({ file, chunks, kind, title, metadata, skipped }: DocumentUpdate, reader: number): void {
    const database = this.#database;
    const [known] = database.prepare('SELECT id FROM documents WHERE path = ?').all(file.path) as { id: number }[];
    if (known !== undefined) this.#remove(known.id);
    const { lastInsertRowid } = database
      .prepare(
        `INSERT INTO documents (path, hash, bytes, mtime_ms, read_ms, reader, kind, title, metadata, skip_code, skip_reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        ...[file.path, file.hash, file.bytes, file.mtimeMs, file.readMs, reader, kind ?? null, title ?? null],
        ...[JSON.stringify(metadata ?? {}), skipped?.code ?? null, skipped?.reason ?? null],
      );
    const insert = database.prepare(
      `INSERT INTO passages (document_id, start, end, page, headings, text, metadata, text_hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const index = database.prepare('INSERT INTO words (rowid, body) VALUES (?, ?)');
    for (const chunk of chunks) {
      const whole = contextOf(title, chunk);
      const { lastInsertRowid: id } = insert.run(
        ...[lastInsertRowid, chunk.start, chunk.end, chunk.page ?? null, JSON.stringify(chunk.headings), chunk.text],
        ...[JSON.stringify(chunk.metadata ?? {}), hashOf(whole)],
      );
      index.run(id, indexable(whole));
    }
  }

  #remove(documentId: number): void {
    const database = this.#database;
    const select = 'SELECT id FROM passages WHERE document_id = ?';
    database.prepare(`DELETE FROM words WHERE rowid IN (${select})`).run(documentId);
    database.prepare('DELETE FROM passages WHERE document_id = ?').run(documentId);
    database.prepare('DELETE FROM documents WHERE id = ?').run(documentId);
  }

  #all(sql: string, ...values: unknown[]): Record<string, unknown>[] {
    return this.#guard(() => this.#database.prepare(sql).all(...values) as Record<string, unknown>[]);
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

  #guard<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw translate(error, this.path, LIBRARY);
    }
  }
}

function placed<T extends Pick<Passage, 'title' | 'headings' | 'source' | 'page'>>(where: T): T & { place: string } {
  const { title, headings, source, page } = where;
  const names = [...new Set([title, ...headings])].filter((name) => name !== undefined && name !== '');
  const file = `${basename(source)}${page === undefined ? '' : `, page ${page}`}`;
  return { ...where, place: names.length === 0 ? file : `${names.join(' › ')} (${file})` };
}

/** Names a text; sixteen bytes are enough to tell any two apart. */
function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16);
}

function bytesOf(vector: Float32Array): Buffer {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Undefined for a blob of another length or with values that are no numbers. */
function floatsOf(blob: unknown, dimensions: number): Float32Array | undefined {
  const bytes = blob instanceof ArrayBuffer ? new Uint8Array(blob) : blob;
  if (!(bytes instanceof Uint8Array) || bytes.length !== 4 * dimensions) return undefined;
  const vector = new Float32Array(dimensions);
  new Uint8Array(vector.buffer).set(bytes);
  return vector.every(Number.isFinite) ? vector : undefined;
}

function skippedOf(row: Record<string, unknown>): { code: SkipCode; reason: string } | undefined {
  if (row['skip_code'] === null) return undefined;
  return { code: textOf(row['skip_code']) as SkipCode, reason: textOf(row['skip_reason']) };
}

function stringsOf(blob: unknown): string[] {
  const value = JSON.parse(textOf(blob)) as unknown;
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function metadataOf(blob: unknown): Metadata {
  const value = JSON.parse(textOf(blob)) as unknown;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : {};
}

function notALibrary(path: string): EngramError {
  return new EngramError('corrupt', `${path} is a database, but not the library of a brain.`, {
    hint: 'Move it away, or choose another brain with --brain.',
    details: { path },
  });
}
