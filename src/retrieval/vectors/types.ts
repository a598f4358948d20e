// What the rest of retrieval knows of vectors: what goes into an index and what comes out. Not here: how it is kept.

export interface VectorIndexOptions {
  /** Length of a vector, from 1. */
  dimensions: number;
  /** Names the model that made the vectors (`Embedder.id`): those of another one must not be compared with them. */
  embedder: string;
}

/** Labels the caller chose, and the vectors they stand for. */
export interface VectorBatch {
  /** Each from 0 to 2^32 - 1. */
  labels: Uint32Array;
  /** `labels.length * dimensions` numbers, one vector after the other; of any length but 0. */
  vectors: Float32Array;
}

export interface SearchOptions {
  /** Candidates kept while the graph is walked: more find more and take longer. Default 128; at least k counts. */
  ef?: number;
  /** Only these labels may be found; what is not in the index is passed over. Default: all. */
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
  revision?: string;
}
