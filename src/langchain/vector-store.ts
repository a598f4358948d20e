// EngramVectorStore: documents with their vectors in engram's vector index (exact while small, then a graph), which can be
// saved. Not here: the documents of a brain (`engram ingest`, EngramRetriever), the index itself, the files (store-files.ts).
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { Document, type DocumentInterface } from '@langchain/core/documents';
import type { EmbeddingsInterface } from '@langchain/core/embeddings';
import { maximalMarginalRelevance } from '@langchain/core/utils/math';
import { SaveableVectorStore, type MaxMarginalRelevanceSearchOptions } from '@langchain/core/vectorstores';
import { EngramError, VectorIndex, type VectorIndexOptions } from '../index.js';
import { readStore, requireSound, saveStore, type StoredDocument } from './store-files.js';

/** What must be in the metadata of a document, each value equal; or a function that says whether it may be found. */
export type DocumentFilter = Record<string, unknown> | ((document: DocumentInterface) => boolean);

export interface EngramVectorStoreFields extends Partial<Omit<VectorIndexOptions, 'dimensions' | 'embedder'>> {
  /** Names what made the vectors: a saved store of another name is refused. Default: the name of the embeddings' class. */
  embedder?: string | undefined;
}

export interface DeleteParams {
  ids?: string[] | undefined;
  filter?: DocumentFilter | undefined;
}

/** Candidates of maximal marginal relevance unless told. */
const FETCH = 20;

export class EngramVectorStore extends SaveableVectorStore {
  declare FilterType: DocumentFilter;
  readonly #fields: EngramVectorStoreFields;
  /** Made with the first vector, whose length it needs. */
  #index: VectorIndex | undefined;
  readonly #documents = new Map<number, StoredDocument>();
  readonly #labels = new Map<string, number>();
  #next = 0;
  /** Folders that hold this store as it was: nothing else is lost in them. */
  readonly #own = new Set<string>();
  /** Changes happen one after another: what is added last stands. */
  #changed: Promise<unknown> = Promise.resolve();

  constructor(embeddings: EmbeddingsInterface, fields: EngramVectorStoreFields = {}) {
    super(embeddings, fields);
    this.#fields = fields;
  }

  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    fields: EngramVectorStoreFields = {},
  ): Promise<EngramVectorStore> {
    const documents = texts.map((pageContent, i) => {
      const metadata = (Array.isArray(metadatas) ? metadatas[i] : metadatas) as Record<string, unknown> | undefined;
      return new Document({ pageContent, metadata: metadata ?? {} });
    });
    return EngramVectorStore.fromDocuments(documents, embeddings, fields);
  }

  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    fields: EngramVectorStoreFields = {},
  ): Promise<EngramVectorStore> {
    const store = new EngramVectorStore(embeddings, fields);
    await store.addDocuments(documents);
    return store;
  }

  /** Reads what save() wrote. Throws `not_found`, `corrupt`, `mismatch` (other embeddings), `unsupported`, `disk`. */
  static override async load(
    folder: string,
    embeddings: EmbeddingsInterface,
    fields: EngramVectorStoreFields = {},
  ): Promise<EngramVectorStore> {
    const store = new EngramVectorStore(embeddings, fields);
    const dimensions = (await embeddings.embedQuery('dimensions')).length;
    const { index, documents } = await readStore(folder, store.#options(dimensions));
    for (const [label, document] of documents) {
      store.#documents.set(label, document);
      store.#labels.set(document.id, label);
      store.#next = Math.max(store.#next, label + 1);
    }
    store.#index = index;
    store.#own.add(resolve(folder));
    return store;
  }

  _vectorstoreType(): string {
    return 'engram';
  }

  /** Documents in it. */
  get size(): number {
    return this.#documents.size;
  }

  /** Returns the ids: those given, those of the documents, or new ones. A document whose id is there takes the other's place; of
   * several with one id the last stands, whichever is embedded first. */
  addDocuments(documents: DocumentInterface[], options: { ids?: string[] } = {}): Promise<string[]> {
    const embedded = this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent));
    embedded.catch(() => undefined); // it is awaited in its turn
    return this.#change(async () => this.#put(await embedded, documents, options));
  }

  addVectors(vectors: number[][], documents: DocumentInterface[], options: { ids?: string[] } = {}): Promise<string[]> {
    return this.#change(() => this.#put(vectors, documents, options));
  }

  #change<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#changed.then(action);
    this.#changed = result.catch(() => undefined);
    return result;
  }

  async #put(vectors: number[][], documents: DocumentInterface[], { ids = [] }: { ids?: string[] }): Promise<string[]> {
    const [first] = vectors;
    if (vectors.length !== documents.length || (ids.length > 0 && ids.length !== documents.length)) {
      throw new EngramError(
        'usage',
        `Expected as many vectors (${vectors.length}) and ids as documents (${documents.length}).`,
      );
    }
    if (first === undefined) return [];
    const index = (this.#index ??= new VectorIndex(this.#options(first.length)));
    if (vectors.some(({ length }) => length !== index.dimensions)) {
      throw new EngramError('usage', `Expected vectors of ${index.dimensions} numbers.`);
    }
    const added = documents.map(({ id, pageContent, metadata }, i) => ({
      id: ids[i] ?? id ?? randomUUID(),
      pageContent,
      metadata,
    }));
    const last = new Map(added.map(({ id }, i) => [id, i]));
    const kept = [...last.values()];
    const labels = kept.map((i) => this.#labels.get(added[i]!.id) ?? this.#next++);
    await index.add(Uint32Array.from(labels), Float32Array.from(kept.flatMap((i) => vectors[i]!)));
    kept.forEach((i, at) => {
      this.#documents.set(labels[at]!, added[i]!);
      this.#labels.set(added[i]!.id, labels[at]!);
    });
    return added.map(({ id }) => id);
  }

  /** By ids or by a filter; ids that are not there are passed over. Throws `usage` without either. */
  override async delete(params: DeleteParams = {}): Promise<void> {
    if (params.ids === undefined && params.filter === undefined) {
      throw new EngramError('usage', 'Expected ids or a filter of what to delete.');
    }
    return this.#change(() => this.#remove(params));
  }

  async #remove({ ids, filter }: DeleteParams): Promise<void> {
    const labels = (ids ?? []).flatMap((id) => this.#labels.get(id) ?? []);
    if (filter !== undefined) labels.push(...this.#allowed(filter)!);
    await this.#index?.remove(labels);
    for (const label of labels) {
      const document = this.#documents.get(label);
      if (document !== undefined) this.#labels.delete(document.id);
      this.#documents.delete(label);
    }
  }

  /** With the cosine, best first. */
  similaritySearchVectorWithScore(
    query: number[],
    k: number,
    filter?: DocumentFilter,
  ): Promise<[DocumentInterface, number][]> {
    return Promise.resolve(this.#nearest(query, k, filter).map(({ label, score }) => [this.#document(label), score]));
  }

  /** Documents that are near to the query and not to one another (Carbonell and Goldstein, 1998). */
  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK = FETCH, lambda = 0.5, filter }: MaxMarginalRelevanceSearchOptions<DocumentFilter>,
  ): Promise<DocumentInterface[]> {
    const vector = await this.embeddings.embedQuery(query);
    const labels = this.#nearest(vector, Math.max(k, fetchK), filter).map(({ label }) => label);
    const vectors = labels.map((label) => Array.from(this.#index!.vector(label)!));
    return maximalMarginalRelevance(vector, vectors, lambda, k).map((i) => this.#document(labels[i]!));
  }

  /** Writes it into a folder, which then holds this store or, if the process is killed before, what it held before. Throws
   * `empty` (nothing was ever added), `corrupt` and `unsupported` for a folder with a store that is damaged or of a newer engram,
   * which is left as it is, `disk`. */
  async save(folder: string): Promise<void> {
    return this.#change(async () => {
      if (this.#index === undefined) throw new EngramError('empty', 'There is nothing to save: no document was added.');
      const place = resolve(folder);
      if (!this.#own.has(place)) await requireSound(folder, this.#options(this.#index.dimensions));
      await saveStore(folder, this.#index, this.#documents);
      this.#own.add(place);
    });
  }

  #options(dimensions: number): VectorIndexOptions {
    const { embedder = this.embeddings.constructor.name, ...options } = this.#fields;
    return { ...options, dimensions, embedder };
  }

  #nearest(query: number[], k: number, filter: DocumentFilter | undefined): { label: number; score: number }[] {
    if (this.#index === undefined || this.#index.size === 0) return [];
    const allowed = this.#allowed(filter);
    const { labels, scores } = this.#index.search(Float32Array.from(query), k, { allowed });
    return Array.from(labels, (label, i) => ({ label, score: scores[i]! }));
  }

  #allowed(filter: DocumentFilter | undefined): Uint32Array | undefined {
    if (filter === undefined) return undefined;
    const isAllowed =
      typeof filter === 'function'
        ? filter
        : ({ metadata }: DocumentInterface) =>
            Object.entries(filter).every(([key, value]) => (metadata as Record<string, unknown>)[key] === value);
    return Uint32Array.from([...this.#documents.keys()].filter((label) => isAllowed(this.#document(label))));
  }

  #document(label: number): Document {
    return new Document(this.#documents.get(label)!);
  }
}
