// Embeddings, as the rest of the code sees them.
export { loadEmbedder, type EmbedderOptions } from './transformers.js';
export type { Embedder } from './types.js';
