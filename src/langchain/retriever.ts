// EngramRetriever: what a brain holds about a question, memories and passages of documents, as LangChain's documents. Not here:
// finding it (Memories.recall).
import { Document } from '@langchain/core/documents';
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers';
import type { Recalled } from '../index.js';
import { engramOf, type EngramSource } from './source.js';

export interface EngramRetrieverFields extends BaseRetrieverInput, EngramSource {
  /** How many documents. Default 4. */
  k?: number | undefined;
}

export class EngramRetriever extends BaseRetriever {
  override lc_namespace = ['engram', 'retrievers'];
  readonly #fields: EngramRetrieverFields;

  static override lc_name(): string {
    return 'EngramRetriever';
  }

  constructor(fields: EngramRetrieverFields = {}) {
    super(fields);
    this.#fields = fields;
  }

  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    const { k = 4 } = this.#fields;
    return (await (await engramOf(this.#fields)).memories.recall(query, { k })).map(documentOf);
  }
}

function documentOf(found: Recalled): Document {
  const { kind, relevance } = found;
  if (found.kind === 'memory') {
    const { id, text, createdAt } = found.memory;
    return new Document({ id, pageContent: text, metadata: { kind, relevance, createdAt } });
  }
  const { text, ...passage } = found.passage;
  return new Document({ pageContent: text, metadata: { ...passage, kind, relevance } });
}
