// Retrieval, as the rest of the code sees it.
export { type IngestOptions } from './ingest.js';
export { readContent, SkipError, type DocumentKind } from './readers/index.js';
export { withPassages } from './prompt.js';
export { Retrieval, type WatchOptions } from './retrieval.js';
export { type SearchMode, type SearchOptions } from './search.js';
export type { FoundPassage, IngestProgress, IngestReport, Passage, StoredDocument } from './types.js';
export { VectorIndex, type VectorIndexOptions } from './vectors/index.js';
