// Vectors, as the rest of retrieval sees them.
export type { Hits, SaveOptions, SearchOptions, VectorBatch, VectorIndexOptions } from './types.js';
export { VectorIndex } from './vector-index.js';
