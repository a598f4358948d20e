// `engram.documents`: the files that a brain has read, and their passages. No model that chats is loaded for them. Not here: reading
// and searching (retrieval/).
import type {
  FoundPassage,
  IngestOptions,
  IngestReport,
  Passage,
  SearchOptions,
  StoredDocument,
  WatchOptions,
} from '../retrieval/index.js';
import type { Parts } from './parts.js';

/** With its passages in order, in place of their number. */
export interface ShownDocument extends Omit<StoredDocument, 'passages'> {
  passages: Passage[];
}

export class Documents {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Reads files and folders, or goes through those given before if there are none: what is new or changed is stored, what was
   * deleted is removed. Throws as retrieval/ingest.ts says, and `locked`. */
  ingest(paths: string | readonly string[] = [], options: IngestOptions = {}): Promise<IngestReport> {
    return this.#parts.retrieval.ingest(typeof paths === 'string' ? [paths] : paths, options);
  }

  /** Ingests, and again whenever something below these paths has changed, until `signal` is aborted. Throws as
   * Retrieval.watch() does. */
  watch(paths: string | readonly string[] = [], options: WatchOptions = {}): Promise<void> {
    return this.#parts.retrieval.watch(typeof paths === 'string' ? [paths] : paths, options);
  }

  /** The passages that are best for a question. Throws `empty`, `usage`, `mismatch`, `cancelled`. */
  search(question: string, options: SearchOptions = {}): Promise<FoundPassage[]> {
    return this.#parts.retrieval.search(question, options);
  }

  /** All files that were ingested, by their paths, with those that were skipped. */
  list(): Promise<StoredDocument[]> {
    return Promise.resolve().then(() => this.#parts.retrieval.documents());
  }

  /** Those that paths or globs mean, each once, with their passages in order. Throws `not_found` if one means none. */
  show(sources: string | readonly string[]): Promise<ShownDocument[]> {
    return Promise.resolve().then(() => {
      const { retrieval } = this.#parts;
      const meant = [sources].flat().flatMap((source) => retrieval.documentsNamed(source));
      const each = new Map(meant.map((document) => [document.id, document]));
      return [...each.values()].map((one) => ({ ...one, passages: retrieval.passagesOf(one.id) }));
    });
  }

  /** Takes documents out of the brain (not off the disk), by paths or globs. They come back if they are ingested again. Throws
   * `not_found` if none is meant, `locked`. */
  remove(source: string): Promise<StoredDocument[]> {
    return this.#parts.retrieval.remove(source);
  }
}
