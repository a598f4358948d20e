// The tables of a library and the versions of its file. Not here: what is asked of them (library.ts).

/** Raised with every change of the schema; newer libraries are refused. */
export const LIBRARY_VERSION = 2;

/** What a library of version 1 lacks. */
export const MIGRATION = `
  ALTER TABLE documents ADD COLUMN reading TEXT;
  PRAGMA user_version = 2;`;

/** "engl" in ASCII, in the header of the file: tells a library from any other SQLite database. */
export const APPLICATION_ID = 0x656e676c;

/**
 * Ids are never used twice, so that an index of vectors that is behind cannot take one passage for another. Vectors belong to
 * texts, not to passages: a file that was moved, and what did not change in one that was edited, is not embedded again. Words
 * are kept without the texts they are of.
 */
export const SCHEMA = `
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE roots (path TEXT PRIMARY KEY);
  CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    mtime_ms REAL NOT NULL,
    read_ms REAL NOT NULL,
    reader INTEGER NOT NULL,
    kind TEXT,
    title TEXT,
    metadata TEXT NOT NULL,
    skip_code TEXT,
    skip_reason TEXT,
    reading TEXT
  );
  CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    page INTEGER,
    headings TEXT NOT NULL,
    text TEXT NOT NULL,
    metadata TEXT NOT NULL,
    text_hash BLOB NOT NULL
  );
  CREATE INDEX passages_by_document ON passages (document_id);
  CREATE INDEX passages_by_text ON passages (text_hash);
  CREATE TABLE vectors (
    text_hash BLOB NOT NULL,
    embedder TEXT NOT NULL,
    vector BLOB NOT NULL,
    UNIQUE (text_hash, embedder)
  );
  CREATE VIRTUAL TABLE words USING fts5(
    body, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2'
  );
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${LIBRARY_VERSION};`;
