// Memory, as the rest of the code sees it.
export { Brain, listBrains, openBrain, removeBrain, type BrainMemory } from './brain.js';
export * from './chat-memory/index.js';
export { ChatStore, STATE_LIMIT, type OpenChat, type StoredChat } from './chats.js';
export { informationFrom } from './gate.js';
export { memorize, type Memorizer, type MemorizeOptions } from './memorize.js';
export { recall, type Recalled, type RecallOptions } from './recall.js';
export { Router, type Route } from './router.js';
export type { Answer, BeforeAfter, Memory, MemoryInput, MemorizeProgress, Probe, Receipt } from './types.js';
