// engram for LangChain.js: what `engram/langchain` is. Needs @langchain/core, which is an optional peer.
export { ChatEngram, type ChatEngramCallOptions, type ChatEngramFields } from './chat-model.js';
export { EngramEmbeddings } from './embeddings.js';
export { EngramChatMessageHistory, type EngramChatMessageHistoryFields } from './history.js';
export {
  EngramLLM,
  type EngramLLMCallOptions,
  type EngramLLMFields,
  type TrainOptions,
  type TrainResult,
} from './llm.js';
export { GradientLLM, type GradientLLMFields } from './gradient-llm.js';
export { EngramMemory, memoryEmbedder, memoryModel, type MemoryModelOptions } from './memory.js';
export { ReActLLM, type ReActLLMFields } from './react-llm.js';
export { EngramRetriever, type EngramRetrieverFields } from './retriever.js';
export { closeShared, type EngramSettings, type EngramSource } from './source.js';
export { forgetTool, memorizeTool, memoryTools, recallTool } from './tools.js';
export {
  EngramVectorStore,
  type DeleteParams,
  type DocumentFilter,
  type EngramVectorStoreFields,
} from './vector-store.js';
