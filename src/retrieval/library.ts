// The library of a brain: one SQLite file with its documents, their passages, the words of these and their vectors. It is the
// truth about what was ingested; the index of vectors is made of it. Not here: reading files (ingest.ts), what search reads
// (passages.ts).
import { asBlobs, textOf } from '../database/index.js';
import { contextOf } from './chunks.js';
import { LibraryFile } from './library-file.js';
import { Passages } from './passages.js';
import type { DocumentKind, SkipCode } from './readers/index.js';
import { bytesOf, hashOf, howReadOf, metadataOf, skippedOf, storedLengths, stringsOf } from './rows.js';
import { putDocument, removeDocument, type DocumentUpdate, type ReadFile } from './store-document.js';
import type { StoredDocument } from './types.js';

/** What is known of a file, to see whether it has changed. */
export interface KnownFile extends ReadFile {
  id: number;
  reader: number;
  skipped: { code: SkipCode; reason: string } | undefined;
  /** That a person set. */
  encoding: string | undefined;
}

/** A passage of which the vector is wanted. */
export interface Unembedded {
  hash: Uint8Array;
  text: string;
}

export class Library {
  readonly passages: Passages;
  readonly #file: LibraryFile;

  private constructor(file: LibraryFile) {
    this.#file = file;
    this.passages = new Passages(file);
  }

  /** Opens a library that exists; undefined if there is none. Throws `corrupt`, `unsupported`, `disk`. */
  static open(path: string): Library | undefined {
    const file = LibraryFile.open(path);
    return file === undefined ? undefined : new Library(file);
  }

  /** Opens a library, making it if there is none. Its folder must be there. */
  static openOrCreate(path: string): Library {
    return new Library(LibraryFile.openOrCreate(path));
  }

  close(): void {
    this.#file.close();
  }

  /** The embedder whose vectors search compares with; undefined before the first passage. */
  get embedder(): string | undefined {
    const [row] = this.#file.all(`SELECT ${asBlobs('value')} FROM settings WHERE key = 'embedder'`);
    return row === undefined ? undefined : textOf(row['value']);
  }

  /** Counts the changes of passages and vectors. */
  get revision(): number {
    const [row] = this.#file.all("SELECT CAST(value AS INTEGER) AS revision FROM settings WHERE key = 'revision'");
    return Number(row?.['revision'] ?? 0);
  }

  /** Names this library and its revision among all libraries. */
  get stamp(): string {
    const [row] = this.#file.all(`SELECT ${asBlobs('value')} FROM settings WHERE key = 'id'`);
    return `${textOf(row?.['value'])}:${this.revision}`;
  }

  /** What was given to ingest, so that it can be gone through again. */
  roots(): string[] {
    return this.#file.all(`SELECT ${asBlobs('path')} FROM roots ORDER BY path`).map((row) => textOf(row['path']));
  }

  documents(): StoredDocument[] {
    const columns = asBlobs('path', 'kind', 'title', 'skip_code', 'skip_reason', 'metadata', 'reading');
    const count = '(SELECT count(*) FROM passages WHERE document_id = documents.id) AS passages';
    return this.#file
      .all(`SELECT id, bytes, mtime_ms, ${columns}, ${count} FROM documents ORDER BY path`)
      .map((row) => ({
        id: Number(row['id']),
        path: textOf(row['path']),
        kind: row['kind'] === null ? undefined : (textOf(row['kind']) as DocumentKind),
        title: row['title'] === null ? undefined : textOf(row['title']),
        bytes: Number(row['bytes']),
        mtimeMs: Number(row['mtime_ms']),
        passages: Number(row['passages']),
        skipped: skippedOf(row),
        metadata: metadataOf(row['metadata']),
        read: howReadOf(row['reading']),
      }));
  }

  /** Files by their paths, as they were when they were read. */
  knownFiles(): Map<string, KnownFile> {
    const columns = asBlobs('path', 'hash', 'skip_code', 'skip_reason', 'reading');
    const rows = this.#file.all(`SELECT id, bytes, mtime_ms, read_ms, reader, ${columns} FROM documents`);
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
          encoding: howReadOf(row['reading'])?.encoding,
        };
        return [path, file];
      }),
    );
  }

  counts(): { documents: number; passages: number } {
    const [row] = this.#file.all(
      `SELECT (SELECT count(*) FROM documents WHERE skip_code IS NULL) AS documents,
              (SELECT count(*) FROM passages) AS passages`,
    );
    return { documents: Number(row?.['documents']), passages: Number(row?.['passages']) };
  }

  /** Which of these texts have no sound vector of this embedder, each once. */
  withoutVector(texts: readonly string[], embedder: string, dimensions: number): Unembedded[] {
    const missing = new Map<string, Unembedded>();
    const lengths = storedLengths(dimensions);
    this.#file.guard((database) => {
      const select = database.prepare(
        'SELECT length(vector) AS bytes FROM vectors WHERE text_hash = ? AND embedder = ?',
      );
      for (const text of texts) {
        const hash = hashOf(text);
        const [row] = select.all(hash, embedder) as Record<string, unknown>[];
        if (!lengths.includes(Number(row?.['bytes'] ?? 0))) missing.set(hash.toString('hex'), { hash, text });
      }
    });
    return [...missing.values()];
  }

  /** The texts of passages that have no vector of this embedder, or one of another length, at most `most`. */
  unembedded(embedder: { id: string; dimensions: number }, most: number): Unembedded[] {
    const rows = this.#file.all(
      `SELECT ${asBlobs('p.text', 'p.headings', 'd.title').replaceAll(/AS [pd]\./gu, 'AS ')}
       FROM passages p JOIN documents d ON d.id = p.document_id
       WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.text_hash = p.text_hash AND v.embedder = ? AND length(v.vector) IN (?, ?))
       GROUP BY p.text_hash LIMIT ?`,
      embedder.id,
      ...storedLengths(embedder.dimensions),
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
    this.#file.transaction((database) => {
      for (const root of changes.roots ?? []) {
        database.prepare('INSERT OR IGNORE INTO roots (path) VALUES (?)').run(root);
      }
      for (const id of changes.removed ?? []) removeDocument(database, id);
      for (const update of changes.updates ?? []) putDocument(database, update, changes.reader ?? 0);
      database.exec(
        `INSERT INTO settings (key, value) VALUES ('revision', '1')
         ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1`,
      );
      if (changes.embedder === undefined) return;
      database.prepare("INSERT OR REPLACE INTO settings (key, value) VALUES ('embedder', ?)").run(changes.embedder);
      const insert = database.prepare('INSERT OR REPLACE INTO vectors (text_hash, embedder, vector) VALUES (?, ?, ?)');
      for (const { hash, vector } of changes.vectors ?? []) insert.run(hash, changes.embedder, bytesOf(vector));
    });
  }

  /** Notes that a file was looked at and has not changed. */
  touch({ path, mtimeMs, readMs }: Pick<ReadFile, 'path' | 'mtimeMs' | 'readMs'>): void {
    this.#file.guard((database) => {
      database.prepare('UPDATE documents SET mtime_ms = ?, read_ms = ? WHERE path = ?').run(mtimeMs, readMs, path);
    });
  }

  /** Roots that are meant are no longer gone through. */
  forgetRoots(isMeant: (path: string) => boolean): void {
    const roots = this.roots().filter(isMeant);
    this.#file.transaction((database) => {
      for (const root of roots) database.prepare('DELETE FROM roots WHERE path = ?').run(root);
    });
  }

  /** Deletes vectors that no passage needs, and those of other embedders. */
  sweep(embedder: string): void {
    this.#file.transaction((database) => {
      database
        .prepare('DELETE FROM vectors WHERE embedder <> ? OR text_hash NOT IN (SELECT text_hash FROM passages)')
        .run(embedder);
    });
  }
}
