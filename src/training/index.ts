// What the rest of the code may use of training/: base models, trainers, data, the loop, stored adapters.
export { AdapterStore } from './adapters.js';
export type { BrokenAdapter } from './adapters.js';
export { openBaseModel } from './base-model.js';
export type { FuseOptions, FuseResult, Ingredient, MergeOptions, MergeResult } from './combine.js';
export { readDataset } from './dataset.js';
export type { Dataset } from './dataset.js';
export { evaluate, predictAll, readLabelled, withClassifier } from './classify/index.js';
export type { ClassificationReport, Classifying, ClassifyTask, Prediction, Scores } from './classify/index.js';
export { cpuInfo, measurePeak } from './device.js';
export { encodeRow } from './encode-row.js';
export type { RowEncoder } from './encode-row.js';
export { createAdapter, fineTune } from './fine-tune.js';
export type {
  CreateAdapterOptions,
  FineTunePlace,
  FineTuneProgress,
  FineTuneReport,
  FineTuneRequest,
  FineTuneSample,
} from './fine-tune.js';
export type { ImportedAdapter, ImportOptions } from './import.js';
export { findGgml } from './ggml.js';
export { plotRun } from './logs/index.js';
export type { PlotOptions, RunPlot } from './logs/index.js';
export { requireBase } from './manifest.js';
export type { AdapterManifest, StoredAdapter } from './manifest.js';
export { seededRandom, shuffled } from './random.js';
export type { Message, Row } from './row.js';
export { Checkpoints } from './checkpoints.js';
export { RunControl } from './control.js';
export { MetricsFile } from './metrics-file.js';
export type { MetricsRecord, MetricsSink } from './metrics.js';
export { runTraining } from './run.js';
export type { RunEvent, RunOptions, RunProgress, RunResult } from './run-options.js';
export { splitRows } from './split.js';
export type { FlatOptions as TrainOptions, TrainEvent, TrainRequest } from './request.js';
export type { EpochResult, Measured } from './run-state.js';
export { RunStore } from './runs.js';
export type { RunRecord, StoredRun } from './runs.js';
export { listTrainable } from './trainable.js';
export { train } from './train.js';
export { requireAdapterOf } from './adapter-of.js';
export { findAdapter, isAdapterPath, type FoundAdapter } from './adapter-place.js';
export { checkTrainRequest, trainFile } from './train-file.js';
export type { TrainPlace, TrainReport } from './train-file.js';
export { trainAdapter } from './train-adapter.js';
export type * from './types.js';
export { memoryOf, type MemoryPlan } from './memory-budget.js';
export { openOwnWeights } from './own-weights.js';
