// Retrieval, as the rest of the code sees it.
export { MAX_BYTES, type IngestOptions } from './ingest.js';
export { readContent, SkipError, type DocumentKind, type Metadata, type SkipCode } from './readers/index.js';
export { withPassages } from './prompt.js';
export { Retrieval, type RelevantOptions, type RetrievalOptions, type WatchOptions } from './retrieval.js';
export { SEARCH_MODES, type Reranker, type SearchMode, type SearchOptions } from './search.js';
export type {
  FoundPassage,
  IngestProgress,
  IngestReport,
  Passage,
  Skipped,
  StoredDocument,
  UsedPassage,
} from './types.js';
export { VectorIndex, type VectorIndexOptions } from './vectors/index.js';
