// What the rest of the code may use of models/: the catalog, pulling, resolving a name to files, inspecting a GGUF, and
// whether it fits.
export { catalog, defaultEntry, findEntry, nearestNames, totalBytes } from './catalog.js';
export type { CatalogEntry, CatalogFile, EmbeddingCard, FileSource, ModelRole, ModelShape } from './catalog.js';
export { ensureModel } from './ensure.js';
export { availableMemory, entryNeeds, memoryNeeds, requireMemory } from './fit.js';
export type { FitOptions, MemoryNeeds, SizedModel } from './fit.js';
export { readGgufHeader } from './gguf.js';
export type { GgufArray, GgufHeader, GgufScalar, GgufTensor } from './gguf.js';
export { modelSha256 } from './identity.js';
export { inspectLanguageModel, inspectModel, readWholeGguf } from './inspect.js';
export type { ModelInfo } from './inspect.js';
export { pullModel } from './pull.js';
export type { PulledModel, PullOptions, PullProgress } from './pull.js';
export { resolveModel } from './resolve.js';
export type { ResolvedModel } from './resolve.js';
export { showModel } from './show.js';
export type { ModelDetails } from './show.js';
export { isInstalled, listModels, modelFolder, modelsFolder, modelStatus, removeModel } from './store.js';
export type { FileRecord, ModelStatus, PullRecord } from './store.js';
