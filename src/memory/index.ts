// Memory, as the rest of the code sees it.
export { importBrain, type ImportOptions, type ImportReport } from './archive-read.js';
export { exportBrain, type ExportOptions, type ExportReport } from './archive-write.js';
export { memorizeEach, type BatchOptions, type BatchProgress } from './batch.js';
export { Brain, openBrain, removeBrain, type OpenBrainOptions } from './brain.js';
export { listBrains, remarkOnBrain } from './brain-names.js';
export * from './chat-memory/index.js';
export type { LedgerEvent, ModelIdentity } from './events.js';
export { ChatStore, STATE_LIMIT, type OpenChat, type StoredChat } from './chats.js';
export { explain, type Explanation, type Ground, type Influence, type UsedGround } from './explain.js';
export { asksOfOwn, BEGINNING, confidenceOf, holds, sourceOf, UNKNOWN } from './grounds.js';
export { informationFrom } from './information.js';
export { checkInput, memoriesOf, memoriesOfFile } from './lessons/index.js';
export { memorize, type Memorizer, type MemorizeOptions, type Replaces } from './memorize.js';
export { moveBrain, type MoveOptions, type MoveReport } from './move.js';
export { WELL_USED, type PassageOutcome, type PassagePlan } from './passage-sleep.js';
export { proveForgotten, type ProofOptions } from './proof.js';
export { rebuild, type RebuildOptions, type RebuildProgress, type RebuildReport } from './rebuild.js';
export { recall, type Recalled, type RecallOptions } from './recall.js';
export { Router, type Route } from './router.js';
export { sleep, type SleepOptions, type SleepOutcome, type SleepPlan, type SleepReport } from './sleep.js';
export { undo, type Undone, type UndoOptions } from './undo.js';
export type {
  Answer,
  BatchItem,
  BatchReport,
  BeforeAfter,
  Contradiction,
  ForgottenProof,
  Memory,
  MemoryInput,
  MemorySource,
  MemorizeProgress,
  Probe,
  Receipt,
  Standing,
  Triple,
} from './types.js';
