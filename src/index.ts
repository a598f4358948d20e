// The public API of engram, nothing else.
export {
  Engram,
  type AskOptions,
  type ClassifyRequest,
  type CompleteOptions,
  type EvaluateRequest,
  type OpenOptions,
  type OpenProgress,
  type SaveStateOptions,
} from './engram.js';
export type { Dtype, Embedder, EmbedOptions, TextKind } from './embedding/index.js';
export { EngramError, type ErrorCode } from './errors.js';
export {
  defaultHome,
  OPTIONS,
  readSettings,
  checkName,
  suggest,
  type GivenSettings,
  type OptionName,
  type Settings,
} from './config.js';
export { doctor, type DoctorReport } from './doctor.js';
export type { ChatMessage, Generation, StateInfo, TokenLogprob, Tool, ToolCall } from './inference/index.js';
export { openEmbedder, type OpenEmbedderOptions } from './open-embedder.js';
export {
  ChatStore,
  STATE_LIMIT,
  listBrains,
  openBrain,
  removeBrain,
  type Brain,
  type Answer,
  type Memory,
  type MemoryInput,
  type MemorizeProgress,
  type OpenChat,
  type Probe,
  type Recalled,
  type RecallOptions,
  type Receipt,
  type StoredChat,
} from './memory/index.js';
export {
  listModels,
  pullModel,
  removeModel,
  showModel,
  type ModelStatus,
  type PulledModel,
  type PullOptions,
  type PullProgress,
} from './models/index.js';
export { openRetrieval, type OpenedRetrieval, type OpenRetrievalOptions } from './open-retrieval.js';
export {
  VectorIndex,
  type DocumentKind,
  type FoundPassage,
  type IngestOptions,
  type IngestProgress,
  type IngestReport,
  type Passage,
  type Retrieval,
  type SearchMode,
  type SearchOptions,
  type StoredDocument,
  type VectorIndexOptions,
} from './retrieval/index.js';
export {
  AdapterStore,
  RunControl,
  RunStore,
  plotRun,
  type BrokenAdapter,
  type ClassificationReport,
  type ClassifyTask,
  type MetricsRecord,
  type MetricsSink,
  type PlotOptions,
  type Prediction,
  type RunPlot,
  type FuseOptions,
  type FuseResult,
  type Ingredient,
  type LoraKind,
  type MergeOptions,
  type MergeResult,
  type RunProgress,
  type RunRecord,
  type Scores,
  type StoredAdapter,
  type StoredRun,
  type TargetModule,
  type TrainEvent,
  type TrainReport,
  type TrainRequest,
} from './training/index.js';
