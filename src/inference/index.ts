// Text generation, as the rest of the code sees it.
export { loadGenerator } from './load.js';
export type {
  AdapterUse,
  ChatMessage,
  GenerateOptions,
  Generation,
  Generator,
  LoadOptions,
  StateInfo,
  StateOptions,
} from './types.js';
