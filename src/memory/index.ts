// Memory, as the rest of the code sees it.
export { memorizeEach, type BatchOptions, type BatchProgress } from './batch.js';
export { Brain, listBrains, openBrain, removeBrain, type BrainMemory } from './brain.js';
export * from './chat-memory/index.js';
export { ChatStore, STATE_LIMIT, type OpenChat, type StoredChat } from './chats.js';
export { explain, type Explanation, type Ground, type Influence, type UsedGround } from './explain.js';
export { asksOfOwn, BEGINNING, confidenceOf, holds, sourceOf, UNKNOWN } from './grounds.js';
export { informationFrom } from './information.js';
export { checkInput, memoriesOf, memoriesOfFile } from './lessons/index.js';
export { memorize, type Memorizer, type MemorizeOptions } from './memorize.js';
export { recall, type Recalled, type RecallOptions } from './recall.js';
export { Router, type Route } from './router.js';
export type {
  Answer,
  BatchItem,
  BatchReport,
  BeforeAfter,
  Memory,
  MemoryInput,
  MemorySource,
  MemorizeProgress,
  Probe,
  Receipt,
  Triple,
} from './types.js';
