// The memories that are compared, each as a user makes it.
import {
  BufferMemory,
  CombinedMemory,
  EntityMemory,
  SummaryBufferMemory,
  SummaryMemory,
  TokenBufferMemory,
  VectorMemory,
  WindowMemory,
} from '../../../dist/index.js';

export const MEMORIES = {
  buffer: (options) => new BufferMemory(options),
  window: (options) => new WindowMemory(options),
  'token-buffer': (options) => new TokenBufferMemory({ ...options, maxTokens: 500 }),
  summary: (options) => new SummaryMemory(options),
  /** As LangChain's: what the model writes, and nothing else. */
  'summary-written': (options) => new SummaryMemory({ ...options, keepLost: false }),
  'summary-buffer': (options) => new SummaryBufferMemory({ ...options, maxTokens: 500 }),
  vector: (options) => new VectorMemory(options),
  entity: (options) => new EntityMemory(options),
  combined: (options) =>
    new CombinedMemory({
      memories: [
        new WindowMemory({ ...options, k: 2, memoryKey: 'last' }),
        new VectorMemory({ ...options, k: 2, memoryKey: 'past' }),
      ],
    }),
};

/** Those that call no model to be told something. */
export const QUICK = Object.keys(MEMORIES).filter((name) => !name.startsWith('summary'));
