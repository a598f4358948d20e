// The passages of a library as search reads them: by id, by document, by their words, and their vectors. Not here: storing them
// (library.ts), ranking (search.ts).
import { asBlobs, textOf } from '../database/index.js';
import { contextOf } from './chunks.js';
import { fieldConditions } from './fields.js';
import type { LibraryFile } from './library-file.js';
import type { Metadata } from './readers/index.js';
import type { Term } from './relevance.js';
import { floatsOf, hashOf, metadataOf, placed, stringsOf } from './rows.js';
import type { Passage } from './types.js';
import type { VectorBatch } from './vectors/index.js';

export class Passages {
  readonly #file: LibraryFile;

  constructor(file: LibraryFile) {
    this.#file = file;
  }

  /** Ids of all passages, ascending. */
  ids(): Uint32Array {
    return Uint32Array.from(this.#file.all('SELECT id FROM passages ORDER BY id'), (row) => Number(row['id']));
  }

  /** Of each text that has one of these hashes (in hex) a passage: its id. */
  withHashes(hashes: Iterable<string>): Map<string, number> {
    const rows = this.#file.all(
      `SELECT min(id) AS id, CAST(lower(hex(text_hash)) AS BLOB) AS hash FROM passages
       WHERE lower(hex(text_hash)) IN (SELECT value FROM json_each(?)) GROUP BY text_hash`,
      JSON.stringify([...hashes]),
    );
    return new Map(rows.map((row) => [textOf(row['hash']), Number(row['id'])]));
  }

  /** The vectors of these passages by one embedder; `unsound` are those that have none to compare with. */
  vectors(ids: Uint32Array, embedder: string, dimensions: number): VectorBatch & { unsound: number[] } {
    const labels: number[] = [];
    const unsound: number[] = [];
    const found: Float32Array[] = [];
    const rows = this.#file.all(
      `SELECT p.id AS id, v.vector AS vector FROM json_each(?) AS wanted JOIN passages p ON p.id = wanted.value
       JOIN vectors v ON v.text_hash = p.text_hash AND v.embedder = ?`,
      JSON.stringify([...ids]),
      embedder,
    );
    for (const row of rows) {
      const vector = floatsOf(row['vector'], dimensions);
      if (vector === undefined) {
        unsound.push(Number(row['id']));
        continue;
      }
      labels.push(Number(row['id']));
      found.push(vector);
    }
    const vectors = new Float32Array(found.length * dimensions);
    found.forEach((vector, i) => {
      vectors.set(vector, i * dimensions);
    });
    return { labels: Uint32Array.from(labels), vectors, unsound };
  }

  /** What these passages are embedded as, with the hash that their vectors are stored under. */
  embedded(ids: readonly number[]): { id: number; hash: Uint8Array; text: string }[] {
    return this.get(ids).map(({ id, title, headings, text: passage }) => {
      const text = contextOf(title, { text: passage, headings });
      return { id, hash: hashOf(text), text };
    });
  }

  /** Passages by their ids, in the same order; those that are gone are left out. */
  get(ids: readonly number[]): Passage[] {
    const columns = ['p.headings', 'p.text', 'p.metadata', 'd.path', 'd.title', 'd.metadata'].map(
      (name) => `CAST(${name} AS BLOB) AS ${name.replace('.', '_')}`,
    );
    const rows = this.#file.all(
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

  /** All of a document, in its order. */
  ofDocument(documentId: number): Passage[] {
    const rows = this.#file.all('SELECT id FROM passages WHERE document_id = ? ORDER BY start, id', documentId);
    return this.get(rows.map(({ id }) => Number(id)));
  }

  /** The passages of the documents that `wanted` picks, with these fields (of passage or document, whatever their case). */
  of(wanted: (document: { path: string; mtimeMs: number }) => boolean, fields: Metadata = {}): Uint32Array {
    const documents = this.#file
      .all(`SELECT id, mtime_ms, ${asBlobs('path')} FROM documents WHERE skip_code IS NULL`)
      .filter((row) => wanted({ path: textOf(row['path']), mtimeMs: Number(row['mtime_ms']) }))
      .map((row) => Number(row['id']));
    const asked = fieldConditions(fields);
    const rows = this.#file.all(
      `SELECT p.id AS id FROM json_each(?) AS wanted JOIN documents d ON d.id = wanted.value
       JOIN passages p ON p.document_id = d.id WHERE ${asked.sql}`,
      JSON.stringify(documents),
      ...asked.values,
    );
    return Uint32Array.from(rows, (row) => Number(row['id']));
  }

  /** Passages that have words of an FTS5 expression, best by bm25 first. */
  matching(expression: string, most: number, allowed?: Uint32Array): { id: number; score: number }[] {
    const only = allowed === undefined ? '' : 'AND rowid IN (SELECT value FROM json_each(?))';
    const rows = this.#file.all(
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
      const [row] = this.#file.all('SELECT count(*) AS frequency FROM words WHERE words MATCH ?', term);
      const rows = this.#file.all(
        'SELECT rowid AS id FROM words WHERE words MATCH ? AND rowid IN (SELECT value FROM json_each(?))',
        term,
        wanted,
      );
      return { frequency: Number(row?.['frequency']), ids: new Set(rows.map(({ id }) => Number(id))) };
    });
  }
}
