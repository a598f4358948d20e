// Conversation memories, as the rest of the code sees them.
export { BufferMemory, SummaryBufferMemory, SummaryMemory, TokenBufferMemory, WindowMemory } from './buffer.js';
export type { BufferOptions, SummaryMemoryOptions, TokenBufferOptions, WindowOptions } from './buffer.js';
export { FolderLog, ProcessLog, type ChatLog } from './chat-log.js';
export { CombinedMemory } from './combined.js';
export { Conversation, type Answerer, type ConversationOptions } from './conversation.js';
export { EntityMemory, type EntityOptions } from './entity.js';
export { HistoryMemory, type HistoryOptions } from './history-memory.js';
export type { SummaryOptions } from './running-summary.js';
export type {
  ChatMemory,
  Exchange,
  LoadOptions,
  MemoryEmbedder,
  MemoryModel,
  MemoryVariables,
  SaveOptions,
  Values,
} from './types.js';
export { VectorMemory, type VectorOptions } from './vector.js';
