// From paths to passages: what is new or changed is read, cut, embedded and stored, group of files by group; what is gone is
// removed. A run that ends anywhere leaves whole documents behind, and the next one goes on. Not here: watching.
import { createHash } from 'node:crypto';
import { resolve, sep } from 'node:path';
import type { Embedder } from '../embedding/index.js';
import { EngramError, fromSystemError, isSystemError, throwIfCancelled } from '../errors.js';
import { ReaderProcess, type DocumentReader, type ReadLimits } from './apart/index.js';
import { contextOf, type ChunkOptions } from './chunks.js';
import { openFile } from './file-names.js';
import type { KnownFile, Library, Unembedded } from './library.js';
import { isKnownEncoding, READER_VERSION, SkipError, type SkipCode } from './readers/index.js';
import type { DocumentUpdate, ReadFile } from './store-document.js';
import type { IngestProgress, IngestReport } from './types.js';
import { walk, type FoundFile, type Walked } from './walk.js';

export interface IngestOptions extends ChunkOptions {
  /** Larger files are skipped. Default 64 MB. */
  maxBytes?: number | undefined;
  /** Encoding of the texts below these paths that do not say their own; kept for the next time. Default: what is found. */
  encoding?: string | undefined;
  /** How much one file may cost. Files that cost too much before are tried again if this is given. */
  limits?: ReadLimits | undefined;
  /** What reads; by default a process of its own, which ends with the run. */
  reader?: DocumentReader | undefined;
  onProgress?: ((progress: IngestProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** As text a file takes a few times its bytes while it is cut and stored. */
const MAX_BYTES = 64e6;

/** Passages that are embedded and stored together: files that are shorter share a transaction. */
const GROUP = 128;

/** Vectors of one file that are held before they are stored. */
const MOST_HELD = 1024;

/** A file system's clock may be this coarse: a file that was read so soon after its time may have changed since without
 * another time. Milliseconds. */
const RACY_MS = 2_000;

/** Brings the library up to date with these files and folders. Throws `not_found` for a path that neither is nor was there,
 * `cancelled` (what was stored until then stays), `disk`, `corrupt`. */
export async function ingest(
  library: Library,
  embedder: () => Promise<Embedder>,
  paths: readonly string[],
  options: IngestOptions = {},
): Promise<IngestReport> {
  const started = performance.now();
  const { signal } = options;
  const roots = paths.map((path) => resolve(path));
  const known = library.knownFiles();
  await checkEncoding(options.encoding);
  const reader = options.reader ?? new ReaderProcess(options.limits);
  const run = new Run(library, embedder, known, { ...options, reader });
  const walked = await walkAll(roots, known, options);
  library.write({ roots });
  run.report.skipped.push(...walked.skipped);
  try {
    for (const [done, file] of walked.files.entries()) {
      throwIfCancelled(signal);
      options.onProgress?.({ phase: 'read', done, of: walked.files.length, path: file.path });
      await run.take(file);
    }
    await run.flush();
  } finally {
    if (options.reader === undefined) await reader.close();
  }
  run.removeOthers(roots, walked);
  await run.embedRest();
  return { ...run.report, ...library.counts(), seconds: (performance.now() - started) / 1000 };
}

/** What costs too much under some limits may do under others. */
const COSTLY = new Set<SkipCode>(['too_slow', 'too_much_memory', 'crashed']);

async function checkEncoding(encoding: string | undefined): Promise<void> {
  if (encoding === undefined || (await isKnownEncoding(encoding))) return;
  throw new EngramError('usage', `There is no encoding "${encoding}".`, {
    hint: 'Known are utf-8, utf-16le, windows-1252, iso-8859-15, shift_jis, euc-jp, gb18030, big5, euc-kr, koi8-r and others.',
  });
}

/** The files below all roots, each once. */
async function walkAll(
  roots: readonly string[],
  known: ReadonlyMap<string, KnownFile>,
  { onProgress, signal }: IngestOptions,
): Promise<Walked> {
  const all: Walked = { files: [], skipped: [], unread: [] };
  const seen = new Set<string>();
  for (const root of roots) {
    let walked: Walked;
    try {
      walked = await walk(root, signal);
    } catch (error) {
      const isMissing = error instanceof EngramError && error.code === 'not_found';
      // What was there and has been deleted is removed.
      if (isMissing && [...known.keys()].some((path) => isWithin(path, root))) continue;
      throw error;
    }
    for (const file of walked.files) {
      if (seen.has(file.path)) continue;
      seen.add(file.path);
      all.files.push(file);
    }
    all.skipped.push(...walked.skipped);
    all.unread.push(...walked.unread);
    onProgress?.({ phase: 'walk', files: all.files.length });
  }
  return all;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

const UNREAD = { characters: 0, isGuessed: false, left: [] };

class Run {
  readonly report: Omit<IngestReport, 'documents' | 'passages' | 'seconds'> = {
    added: [],
    changed: [],
    removed: [],
    unchanged: 0,
    skipped: [],
    partly: [],
    embedded: 0,
  };
  #group: DocumentUpdate[] = [];
  #grouped = 0;

  constructor(
    private readonly library: Library,
    private readonly embedder: () => Promise<Embedder>,
    private readonly known: ReadonlyMap<string, KnownFile>,
    private readonly options: IngestOptions & { reader: DocumentReader },
  ) {}

  /** Reads a file unless it is known and has not changed. */
  async take(found: FoundFile): Promise<void> {
    const known = this.known.get(found.path);
    const maxBytes = this.options.maxBytes ?? MAX_BYTES;
    if (found.bytes > maxBytes) {
      this.#skip(tooLarge(found.bytes, maxBytes), found.path, known);
      return;
    }
    const isCurrent = known?.reader === READER_VERSION && !this.#isToBeReadAgain(known);
    const looksSame = known?.bytes === found.bytes && known.mtimeMs === found.mtimeMs;
    if (isCurrent && looksSame && known.mtimeMs < known.readMs - RACY_MS) {
      this.#unchanged(known);
      return;
    }
    let read: { file: ReadFile; bytes: Buffer };
    try {
      read = await readWhole(found, maxBytes);
    } catch (error) {
      if (!(error instanceof SkipError)) throw error;
      this.#skip(error, found.path, known);
      return;
    }
    const { file, bytes } = read;
    if (isCurrent && known.hash === file.hash) {
      this.library.touch(file);
      this.#unchanged(known);
      return;
    }
    this.#put(await this.#update(file, bytes, this.options.encoding ?? known?.encoding));
    if (this.#grouped >= GROUP) await this.flush();
  }

  /** What it would be read with is not what it was read with. */
  #isToBeReadAgain({ encoding, skipped }: KnownFile): boolean {
    if (this.options.encoding !== undefined && this.options.encoding !== encoding) return true;
    return this.options.limits !== undefined && skipped !== undefined && COSTLY.has(skipped.code);
  }

  #skip({ code, message: reason }: SkipError, path: string, known: KnownFile | undefined): void {
    this.report.skipped.push({ path, code, reason });
    // What it holds can be known another time; what is too large now holds no longer what it did.
    if (code === 'too_large' && known !== undefined) this.#drop(known);
  }

  async #update(file: ReadFile, bytes: Buffer, encoding: string | undefined): Promise<DocumentUpdate> {
    const { reader, tokens, overlap, signal } = this.options;
    const set = encoding === undefined ? {} : { encoding };
    try {
      const { chunks, kind, title, metadata, ...reading } = await reader.read(bytes, file.path, {
        ...(tokens === undefined ? {} : { tokens }),
        ...(overlap === undefined ? {} : { overlap }),
        ...{ encoding, signal },
      });
      return { file, kind, title, metadata, chunks, reading: { ...reading, ...set } };
    } catch (error) {
      if (!(error instanceof SkipError)) throw error;
      return { file, chunks: [], skipped: { code: error.code, reason: error.message }, reading: { ...UNREAD, ...set } };
    }
  }

  #put(update: DocumentUpdate): void {
    const { path } = update.file;
    const before = this.known.get(path);
    if (update.skipped !== undefined) {
      this.report.skipped.push({ path, ...update.skipped });
      if (before !== undefined && before.skipped === undefined) this.report.removed.push(path);
    } else if (before === undefined || before.skipped !== undefined) this.report.added.push(path);
    else this.report.changed.push(path);
    this.#notePartly(update);
    this.#group.push(update);
    this.#grouped += 1 + update.chunks.length;
  }

  #notePartly({ file, metadata, reading, skipped }: DocumentUpdate): void {
    if (skipped !== undefined || reading === undefined || !(reading.isGuessed || reading.left.length > 0)) return;
    const encoding = reading.isGuessed ? String(metadata?.['encoding']) : undefined;
    this.report.partly.push({ path: file.path, encoding, left: reading.left });
  }

  #unchanged(known: KnownFile): void {
    if (known.skipped === undefined) this.report.unchanged++;
    else this.report.skipped.push({ path: known.path, ...known.skipped });
  }

  #drop(known: KnownFile): void {
    this.library.write({ removed: [known.id] });
    if (known.skipped === undefined) this.report.removed.push(known.path);
  }

  /** Embeds and stores what has been read. */
  async flush(): Promise<void> {
    const updates = this.#group;
    [this.#group, this.#grouped] = [[], 0];
    if (updates.length === 0) return;
    const texts = updates.flatMap(({ title, chunks }) => chunks.map((chunk) => contextOf(title, chunk)));
    const embedded = texts.length === 0 ? {} : await this.#embed(texts);
    this.library.write({ updates, reader: READER_VERSION, ...embedded });
  }

  /** The vectors of these texts that are not known. Of a file with very many all but the last are stored at once: they need not
   * be held, and a run that is cut off need not compute them again. */
  async #embed(
    texts: readonly string[],
  ): Promise<{ embedder: string; vectors: { hash: Uint8Array; vector: Float32Array }[] }> {
    const embedder = await this.embedder();
    const missing = this.library.withoutVector(texts, embedder.id, embedder.dimensions);
    let from = 0;
    for (; missing.length - from > MOST_HELD; from += MOST_HELD) {
      throwIfCancelled(this.options.signal);
      const vectors = await this.#vectorsOf(missing.slice(from, from + MOST_HELD), embedder);
      this.library.write({ embedder: embedder.id, vectors });
    }
    return { embedder: embedder.id, vectors: await this.#vectorsOf(missing.slice(from), embedder) };
  }

  async #vectorsOf(
    missing: readonly Unembedded[],
    embedder: Embedder,
  ): Promise<{ hash: Uint8Array; vector: Float32Array }[]> {
    const { signal, onProgress } = this.options;
    const vectors = await embedder.embed(
      missing.map(({ text }) => text),
      { signal },
    );
    if (vectors.some((vector) => !vector.every(Number.isFinite))) {
      throw new EngramError('corrupt', `The embedding model ${embedder.id} computes values that are no numbers.`, {
        hint: 'Nothing of it was stored. Fetch the model again, or choose another with --embedder.',
      });
    }
    this.report.embedded += vectors.length;
    onProgress?.({ phase: 'embed', done: this.report.embedded, of: this.report.embedded });
    return vectors.map((vector, i) => ({ hash: missing[i]!.hash, vector }));
  }

  /** Removes what is known below the roots and was not found there. */
  removeOthers(roots: readonly string[], { files, unread }: Walked): void {
    const found = new Set(files.map(({ path }) => path));
    const gone = [...this.known.values()].filter(
      ({ path }) =>
        !found.has(path) &&
        roots.some((root) => isWithin(path, root)) &&
        !unread.some((folder) => isWithin(path, folder)),
    );
    if (gone.length > 0) this.library.write({ removed: gone.map(({ id }) => id) });
    this.report.removed.push(...gone.filter(({ skipped }) => skipped === undefined).map(({ path }) => path));
  }

  /** Embeds passages that another embedder embedded, or whose vectors were damaged; then drops what nobody needs. */
  async embedRest(): Promise<void> {
    if (this.library.counts().passages === 0) return;
    const embedder = await this.embedder();
    for (;;) {
      throwIfCancelled(this.options.signal);
      const missing = this.library.unembedded(embedder, GROUP);
      if (missing.length === 0) break;
      this.library.write({ embedder: embedder.id, vectors: await this.#vectorsOf(missing, embedder) });
    }
    this.library.sweep(embedder.id);
  }
}

/** A file's bytes, of one moment: it is read again if it changed meanwhile. Throws SkipError. */
async function readWhole(found: FoundFile, maxBytes: number): Promise<{ file: ReadFile; bytes: Buffer }> {
  const TRIES = 3;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const readMs = Date.now();
    try {
      const handle = await openFile(found.at, found.isFound);
      try {
        const before = await handle.stat();
        if (!before.isFile()) throw new SkipError('unsupported', 'It was replaced by what is no file.');
        if (before.size > maxBytes) {
          throw tooLarge(before.size, maxBytes);
        }
        const bytes = Buffer.alloc(before.size);
        const { bytesRead } = await handle.read(bytes, 0, before.size, 0);
        const after = await handle.stat();
        if (bytesRead === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs) {
          const hash = createHash('sha256').update(bytes).digest('hex');
          return { file: { path: found.path, hash, bytes: before.size, mtimeMs: before.mtimeMs, readMs }, bytes };
        }
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (error instanceof SkipError) throw error;
      if (isSystemError(error, 'ENOENT')) {
        throw new SkipError('unreadable', 'It was deleted before it could be read.', { cause: error });
      }
      const ours = fromSystemError(error, found.path);
      throw new SkipError('unreadable', ours instanceof Error ? ours.message : String(ours), { cause: error });
    }
  }
  throw new SkipError('changing', 'It changed each time while it was read.');
}

function tooLarge(bytes: number, most: number): SkipError {
  return new SkipError('too_large', `It has ${megabytes(bytes)}, and the limit is ${megabytes(most)}.`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })} MB`;
}
