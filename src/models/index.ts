// What the rest of the code may use of models/: the catalog, pulling, resolving a name to files, inspecting a GGUF, and
// whether it fits.
export { catalogName, defaultEntry, findEntry } from './catalog.js';
export type { CatalogEntry, EmbeddingCard, ModelRole } from './catalog.js';
export { ensureModel } from './ensure.js';
export { AUTO, autoModel } from './auto.js';
export { fitsIn, memoryNeeds, OWN_WEIGHTS_SHARE, requireMemory, requireRoomToMemorize } from './fit.js';
export type { MemoryNeeds, MemoryParts } from './fit.js';
export { availableMemory, machineMemory } from './memory-room.js';
export { readGgufFile } from './gguf.js';
export { firstPart, ggufPaths, partEnding, readGgufHeader } from './gguf-parts.js';
export type { GgufHeader } from './gguf-parts.js';
export { GGUF_ALIGNMENT, ggufEntry, ggufHeader, ggufHeaderOf, padded } from './gguf-writer.js';
export { modelSha256 } from './identity.js';
export { inspectLanguageModel, inspectModel, noChatTemplate, requireChatTemplate } from './inspect.js';
export type { ModelInfo } from './inspect.js';
export { pullModel } from './pull.js';
export type { PulledModel, PullOptions, PullProgress } from './pull.js';
export { resolveModel } from './resolve.js';
export type { ResolvedModel } from './resolve.js';
export { showModel, type ModelDetails } from './show.js';
export { isInstalled, listModels, modelFolder, modelsFolder, removeModel } from './store.js';
export type { ModelStatus } from './store.js';
