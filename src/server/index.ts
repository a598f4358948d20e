// The server as the command line and programs start it.
export { serve, DEFAULT_HOST, DEFAULT_PORT, type RunningServer, type ServeOptions } from './start.js';
export { serveMcp } from './mcp/stdio.js';
export { KeyStore, SCOPES, type KeyRecord, type Scope } from './keys.js';
export type { EngineApi } from './engine.js';
export type {
  AnswerView,
  BrainView,
  DocumentView,
  HistoryView,
  JobView,
  MemoryView,
  PassageView,
  RecalledView,
  RememberInput,
} from './own/schemas.js';
