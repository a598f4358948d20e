// Embeddings, as the rest of the code sees them.
export { loadEmbedder, type Dtype } from './load.js';
export type { Embedder, EmbedOptions, TextKind } from './types.js';
