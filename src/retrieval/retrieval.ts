// The library of a brain with all that is done to it: ingest, search, list, remove. Opened when it is first needed; a brain
// without documents has no file of them. Not here: what answers use of it (engram.ts).
import { join, resolve } from 'node:path';
import { checkName } from '../config.js';
import { withWriterLock } from '../database/index.js';
import type { Embedder } from '../embedding/index.js';
import { EngramError } from '../errors.js';
import { makeFolder } from '../files.js';
import type { DocumentReader } from './apart/index.js';
import { ingest, type IngestOptions } from './ingest.js';
import { Library } from './library.js';
import { RELEVANCE_THRESHOLD } from './relevance.js';
import { Searcher, type SearchOptions } from './search.js';
import { sourceMatcher } from './sources.js';
import type { FoundPassage, IngestReport, Passage, StoredDocument, UsedPassage } from './types.js';
import { PassageUse } from './use.js';
import { watch, type WatchTiming } from './watch.js';

export interface RetrievalOptions {
  home: string;
  /** Name of the brain. */
  brain: string;
  /** Asked for when something is to be embedded. */
  embedder: () => Promise<Embedder>;
  /** What reads files; by default a process of its own for each run. */
  reader?: DocumentReader | undefined;
}

export interface WatchOptions extends IngestOptions, WatchTiming {
  /** After each run, the first too. */
  onReport?: ((report: IngestReport) => void) | undefined;
  /** A later run has failed, and is tried again. */
  onError?: ((error: unknown) => void) | undefined;
}

export interface RelevantOptions {
  /** Most passages. */
  most: number;
  /** Least relevance; default: the measured one. */
  threshold?: number;
  signal?: AbortSignal | undefined;
}

/** Passages of which the relevant ones are taken. */
const CONSIDERED = 10;

export class Retrieval {
  readonly #folder: string;
  readonly #embedder: RetrievalOptions['embedder'];
  readonly #use: PassageUse;
  readonly #reader: DocumentReader | undefined;
  #open: { library: Library; searcher: Searcher } | undefined;

  constructor({ home, brain, embedder, reader }: RetrievalOptions) {
    this.#reader = reader;
    this.#folder = join(home, 'brains', checkName(brain, 'the brain'));
    this.#embedder = embedder;
    this.#use = new PassageUse(this.#folder);
  }

  /** Whether anything has been ingested. */
  get isEmpty(): boolean {
    return (this.#existing()?.library.counts().passages ?? 0) === 0;
  }

  /** Reads files and folders, those that were given before if there are none, and stores what is new or changed. Throws as
   * ingest.ts says; `empty` if nothing was ever given, `locked` while another process changes the brain. */
  async ingest(paths: readonly string[], options: IngestOptions = {}): Promise<IngestReport> {
    await makeFolder(this.#folder);
    return withWriterLock(this.#folder, 'ingesting', async () => {
      const { library, searcher } = this.#existing() ?? this.#opened(Library.openOrCreate(this.#path));
      const chosen = paths.length > 0 ? paths : library.roots();
      if (chosen.length === 0) {
        throw new EngramError('empty', 'There is nothing to ingest.', { hint: 'Name files or folders.' });
      }
      const report = await ingest(library, this.#embedder, chosen, { reader: this.#reader, ...options });
      // What is not saved is made again from the library.
      await searcher.save().catch(() => undefined);
      return report;
    });
  }

  /** Ingests, and again whenever something below these paths has changed, until `signal` is aborted. The brain is free between
   * runs. Throws what the first run throws, and `unsupported` if the system cannot watch so much. */
  async watch(paths: readonly string[], options: WatchOptions = {}): Promise<void> {
    const { onReport, onError, stillMs, retryMs, signal = new AbortController().signal, ...rest } = options;
    const roots = (paths.length > 0 ? paths : this.roots()).map((path) => resolve(path));
    await watch({
      ...{ roots, stillMs, retryMs, signal },
      ingest: () => this.ingest(roots, { ...rest, signal }),
      onReport: (report) => onReport?.(report),
      onError: (error) => onError?.(error),
    });
  }

  /** The best passages for a question; none if nothing has been ingested. */
  async search(question: string, options: SearchOptions = {}): Promise<FoundPassage[]> {
    return (await this.#existing()?.searcher.search(question, options)) ?? [];
  }

  /** Of the best passages for a question those that are about it: none, if none is. */
  async relevant(question: string, options: RelevantOptions): Promise<FoundPassage[]> {
    const { most, threshold = RELEVANCE_THRESHOLD, signal } = options;
    if (most === 0 || this.isEmpty) return [];
    const found = await this.search(question, { k: CONSIDERED, signal });
    return found
      .filter(({ relevance }) => relevance !== undefined && relevance >= threshold)
      .sort((a, b) => b.relevance! - a.relevance!)
      .slice(0, most);
  }

  /** Notes that a passage is what the answer to a question rested on. */
  noteUse(question: string, passage: Passage): Promise<void> {
    return this.#use.note(question, passage);
  }

  /** Passages that answered at least so many different questions, the most used first; those that are gone are left out. */
  async wellUsed(least: number): Promise<UsedPassage[]> {
    const { passages } = this.#existing()?.library ?? {};
    const counts = new Map([...(await this.#use.counts())].filter(([, questions]) => questions >= least));
    if (passages === undefined || counts.size === 0) return [];
    return [...passages.withHashes(counts.keys())]
      .flatMap(([hash, id]) => passages.get([id]).map((passage) => ({ passage, questions: counts.get(hash)! })))
      .sort((a, b) => b.questions - a.questions || a.passage.id - b.passage.id);
  }

  /** All files that were ingested, by their paths, with those that were skipped. */
  documents(): StoredDocument[] {
    return this.#existing()?.library.documents() ?? [];
  }

  /** The passages of a document, in its order. */
  passagesOf(documentId: number): Passage[] {
    return this.#existing()?.library.passages.ofDocument(documentId) ?? [];
  }

  /** The documents that a path or glob means. Throws `not_found` if there is none. */
  documentsNamed(source: string): StoredDocument[] {
    const isMeant = sourceMatcher(source);
    const meant = this.documents().filter(({ path }) => isMeant(path));
    if (meant.length === 0) throw new EngramError('not_found', `No document fits "${source}".`);
    return meant;
  }

  /** What was given to ingest. */
  roots(): string[] {
    return this.#existing()?.library.roots() ?? [];
  }

  /** Takes documents out of the library (not off the disk) by paths or globs. They come back if they are ingested again. Throws
   * `not_found` if none is meant. */
  async remove(source: string): Promise<StoredDocument[]> {
    const isMeant = sourceMatcher(source);
    const meant = this.documentsNamed(source);
    return withWriterLock(this.#folder, 'removing documents', () => {
      const { library } = this.#existing()!;
      library.write({ removed: meant.map(({ id }) => id) });
      library.forgetRoots(isMeant);
      return Promise.resolve(meant);
    });
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.searcher.close();
    open?.library.close();
  }

  get #path(): string {
    return join(this.#folder, 'library.sqlite');
  }

  #existing(): { library: Library; searcher: Searcher } | undefined {
    if (this.#open !== undefined) return this.#open;
    const library = Library.open(this.#path);
    return library === undefined ? undefined : this.#opened(library);
  }

  #opened(library: Library): { library: Library; searcher: Searcher } {
    const searcher = new Searcher(library, this.#embedder, join(this.#folder, 'index', 'passages'));
    return (this.#open = { library, searcher });
  }
}
