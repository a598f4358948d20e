// Vectors that were computed before, of passages, by the hash of model and text: <home>/cache/embeddings.sqlite. Only a cache: what
// goes wrong with it (a full disk, a damaged file, another process that writes) costs time and nothing else. Not here: which
// texts there are.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { connect as openDatabase, transaction, translate, type Connection } from '../database/index.js';
import { EngramError } from '../errors.js';
import type { EmbedOptions, Embedder } from './types.js';

export interface CacheOptions {
  path: string;
  /** What vectors depend on, besides the text: the hash of the weights, and how they are read. */
  model: string;
  /** Of all vectors in the file, roughly; the oldest go. Default 256 MiB. */
  maxBytes?: number;
}

const MAX_BYTES = 256 * 2 ** 20;
/** Texts looked up, computed and kept together: what a cancelled run loses at most. */
const SLAB = 512;
const KIND = { name: 'cache of embeddings', hint: 'Delete it: it can be made again.' };

/** An embedder that asks the file first. Close it to close both. */
export function withCache(embedder: Embedder, options: CacheOptions): Embedder {
  return new CachedEmbedder(embedder, options);
}

class CachedEmbedder implements Embedder {
  readonly id: string;
  readonly dimensions: number;
  readonly #embedder: Embedder;
  readonly #model: string;
  readonly #vectors: VectorFile;

  constructor(embedder: Embedder, { path, model, maxBytes = MAX_BYTES }: CacheOptions) {
    this.id = embedder.id;
    this.dimensions = embedder.dimensions;
    this.#embedder = embedder;
    this.#model = model;
    this.#vectors = new VectorFile(path, embedder.dimensions, maxBytes);
  }

  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    // Questions hardly come twice, and what somebody asked is nobody's business.
    if (options.kind === 'query') return this.#embedder.embed(texts, options);
    const out: Float32Array[] = [];
    for (let start = 0; start < texts.length; start += SLAB) {
      const slab = texts.slice(start, start + SLAB);
      const keys = slab.map((text) => this.#keyOf(text, options));
      const known = this.#vectors.get(keys);
      /** Text by key: each is computed once, however often it is there. */
      const missing = new Map(slab.map((text, i) => [keys[i]!, text] as const).filter(([key]) => !known.has(key)));
      const before = start + slab.length - missing.size;
      const vectors = await this.#embedder.embed([...missing.values()], {
        ...options,
        onProgress: ({ done }) => options.onProgress?.({ done: before + done, of: texts.length }),
      });
      const computed = [...missing.keys()].map((key, i) => [key, vectors[i]!] as const);
      this.#vectors.put(computed);
      for (const [key, vector] of computed) known.set(key, vector);
      // Copies: two places with one text must not share their numbers.
      out.push(...keys.map((key) => known.get(key)!.slice()));
      options.onProgress?.({ done: out.length, of: texts.length });
    }
    return out;
  }

  async close(): Promise<void> {
    this.#vectors.close();
    await this.#embedder.close();
  }

  #keyOf(text: string, { maxWindows = Infinity }: EmbedOptions): string {
    const rest = JSON.stringify([this.#model, String(maxWindows)]);
    return createHash('sha256').update(rest).update('\0').update(text).digest('base64');
  }
}

/** The file. Every failure turns it off for as long as this object lives. */
class VectorFile {
  #database: Connection | undefined;
  readonly #bytes: number;
  readonly #mostRows: number;

  constructor(path: string, dimensions: number, maxBytes: number) {
    this.#bytes = 4 * dimensions;
    this.#mostRows = Math.max(1, Math.floor(maxBytes / (this.#bytes + 64)));
    this.#database = open(path);
  }

  get(keys: readonly string[]): Map<string, Float32Array> {
    const found = new Map<string, Float32Array>();
    this.#try((database) => {
      const select = database.prepare('SELECT vector FROM vectors WHERE key = ?');
      for (const key of keys) {
        const [row] = select.all(key) as { vector: unknown }[];
        const vector = this.#read(row?.vector);
        if (vector !== undefined) found.set(key, vector);
      }
    });
    return found;
  }

  put(entries: readonly (readonly [key: string, vector: Float32Array])[]): void {
    if (entries.length === 0) return;
    this.#try((database) => {
      transaction(database, () => {
        const insert = database.prepare('INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)');
        for (const [key, vector] of entries) {
          insert.run(key, Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength));
        }
        // rowid grows with every insertion, so that the smallest ones are the oldest.
        database.exec(`DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ${this.#mostRows}`);
      });
    });
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  /** Undefined for what is no vector of this length: the file may be anyone's. */
  #read(blob: unknown): Float32Array | undefined {
    if (!(blob instanceof ArrayBuffer || blob instanceof Uint8Array) || blob.byteLength !== this.#bytes)
      return undefined;
    const vector = new Float32Array(new Uint8Array(blob).slice().buffer);
    return vector.every(Number.isFinite) ? vector : undefined;
  }

  #try(action: (database: Connection) => void): void {
    if (this.#database === undefined) return;
    try {
      action(this.#database);
    } catch {
      this.close();
    }
  }
}

/** Undefined where there can be none. A file that is no database of ours is replaced by an empty one. */
function open(path: string): Connection | undefined {
  try {
    return connect(path);
  } catch (error) {
    // Not where it is merely busy, or the folder cannot be written: another process may be using it.
    const isDamaged = error instanceof EngramError && error.code === 'corrupt';
    if (!isDamaged) return undefined;
  }
  try {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    return connect(path);
  } catch {
    return undefined;
  }
}

function connect(path: string): Connection {
  mkdirSync(dirname(path), { recursive: true });
  const database = openDatabase(path, KIND);
  try {
    // A power cut may cost the last vectors, not the file.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec('CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL)');
    database.prepare('SELECT vector FROM vectors WHERE key = ?').all('');
    return database;
  } catch (error) {
    database.close();
    throw translate(error, path, KIND);
  }
}
