// Vectors, as the rest of retrieval sees them.
export type { VectorBatch, VectorIndexOptions } from './types.js';
export { VectorIndex } from './vector-index.js';
