// Retrieval, as the rest of the code sees it.
export { type IngestOptions } from './ingest.js';
export { ReaderProcess, readHere, readTextApart, type DocumentReader, type ReadLimits } from './apart/index.js';
export { SkipError, type DocumentKind } from './readers/index.js';
export type { LeftOut, Metadata as DocumentMetadata, SkipCode } from './readers/types.js';
export { withPassages } from './prompt.js';
export { Retrieval, type WatchOptions } from './retrieval.js';
export { type Reranker, type SearchMode, type SearchOptions } from './search.js';
export type {
  FoundPassage,
  HowRead,
  IngestProgress,
  IngestReport,
  PartlyRead,
  Passage,
  Skipped,
  StoredDocument,
} from './types.js';
export { VectorIndex, type VectorIndexOptions } from './vectors/index.js';
export type {
  Hits as VectorHits,
  SaveOptions as VectorSaveOptions,
  SearchOptions as VectorSearchOptions,
  VectorBatch,
} from './vectors/types.js';
