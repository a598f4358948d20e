// Embeddings, as the rest of the code sees them.
export { loadEmbedder, type Dtype, type EmbedderOptions } from './load.js';
export type { Embedder, EmbedOptions, TextKind } from './types.js';
