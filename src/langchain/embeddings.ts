// EngramEmbeddings: the embedding model, as LangChain's classes use one. Not here: which vectors these are (embedding/).
import { Embeddings, type EmbeddingsParams } from '@langchain/core/embeddings';
import type { Embedder } from '../index.js';
import { embedderOf, type EngramSource } from './source.js';

export class EngramEmbeddings extends Embeddings {
  readonly #source: EngramSource;

  constructor(fields: EngramSource & EmbeddingsParams = {}) {
    super(fields);
    this.#source = fields;
  }

  /** Of texts that are searched. */
  embedDocuments(texts: string[]): Promise<number[][]> {
    return this.#embed(texts, 'passage');
  }

  /** Of a text that searches. */
  async embedQuery(text: string): Promise<number[]> {
    const [vector] = await this.#embed([text], 'query');
    return vector!;
  }

  async #embed(texts: string[], kind: 'query' | 'passage'): Promise<number[][]> {
    if (texts.length === 0) return [];
    const embedder: Pick<Embedder, 'embed'> = await embedderOf(this.#source);
    const vectors = await embedder.embed(texts, { kind });
    return vectors.map((vector) => Array.from(vector));
  }
}
