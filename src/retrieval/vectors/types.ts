// What the rest of retrieval knows of vectors: what goes into an index and what comes out. Not here: how it is kept.

export interface VectorIndexOptions {
  /** Length of a vector, from 1. */
  dimensions: number;
  /** Names the model that made the vectors (`Embedder.id`): those of another one must not be compared with them. */
  embedder: string;
  /** Candidates kept while the graph is walked, unless a search says otherwise: more find more and take longer. Default:
   * that of the saved index, or else 128. */
  ef?: number | undefined;
  /** Links of a vector in the graph (hnswlib's M). Default 16. Those of a saved graph stay. */
  connections?: number | undefined;
  /** Candidates kept while a vector is linked. Default 200. */
  efConstruction?: number | undefined;
  /** Every search is exact while there are fewer vectors; a graph is kept from here on. Default 8192. */
  exactBelow?: number | undefined;
}

/** Labels the caller chose, and the vectors they stand for. */
export interface VectorBatch {
  /** Each from 0 to 2^32 - 1. */
  labels: Uint32Array;
  /** `labels.length * dimensions` numbers, one vector after the other; of any length but 0. */
  vectors: Float32Array;
}

export interface SearchOptions {
  /** As in VectorIndexOptions; at least k counts. */
  ef?: number | undefined;
  /** Only these labels may be found; those that are not in the index are passed over. Default: all may. */
  allowed?: Uint32Array | ReadonlySet<number> | undefined;
}

/** The nearest, best first; those of equal score by label. Fewer than asked for if there are not as many. */
export interface Hits {
  labels: Uint32Array;
  /** Cosine of the angle to the query, from -1 to 1. */
  scores: Float32Array;
}

export interface SaveOptions {
  /** Kept with the index and given back by `revision`: says up to where of the caller's own records it goes. */
  revision?: string | undefined;
}
