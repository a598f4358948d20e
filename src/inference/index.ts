// Text generation, as the rest of the code sees it.
export { Elsewhere, type ElsewhereOptions } from './elsewhere.js';
export { readChatTemplate } from './given-template.js';
export { loadGenerator } from './load.js';
export { checkOptions } from './sampling.js';
export type {
  AdapterUse,
  ChatMessage,
  CutToolCall,
  GenerateOptions,
  Generation,
  Generator,
  LoadOptions,
  Score,
  ScoreOptions,
  StateInfo,
  StateOptions,
  TokenLogprob,
  Tool,
  ToolCall,
} from './types.js';
