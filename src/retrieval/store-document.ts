// One document into the tables of a library, and out of them, within a transaction of the caller's. Not here: vectors and
// settings (library.ts).
import type { Connection } from '../database/index.js';
import { contextOf, type Chunk } from './chunks.js';
import type { DocumentKind, Metadata, SkipCode } from './readers/index.js';
import { hashOf } from './rows.js';
import type { HowRead } from './types.js';
import { indexable } from './words.js';

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
  reading?: HowRead;
}

/** Stores a document in place of what was there at its path. */
export function putDocument(
  database: Connection,
  { file, chunks, kind, title, metadata, skipped, reading }: DocumentUpdate,
  reader: number,
): void {
  const [known] = database.prepare('SELECT id FROM documents WHERE path = ?').all(file.path) as { id: number }[];
  if (known !== undefined) removeDocument(database, known.id);
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO documents (path, hash, bytes, mtime_ms, read_ms, reader, kind, title, metadata, skip_code, skip_reason,
                              reading)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      ...[file.path, file.hash, file.bytes, file.mtimeMs, file.readMs, reader, kind ?? null, title ?? null],
      ...[JSON.stringify(metadata ?? {}), skipped?.code ?? null, skipped?.reason ?? null],
      reading === undefined ? null : JSON.stringify(reading),
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

/** Removes a document with its passages; its vectors stay until they are swept. */
export function removeDocument(database: Connection, documentId: number): void {
  const select = 'SELECT id FROM passages WHERE document_id = ?';
  database.prepare(`DELETE FROM words WHERE rowid IN (${select})`).run(documentId);
  database.prepare('DELETE FROM passages WHERE document_id = ?').run(documentId);
  database.prepare('DELETE FROM documents WHERE id = ?').run(documentId);
}
