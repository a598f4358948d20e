// A Generator as the model of conversation memories, as an Engram is one. Not here: the memories of its weights.
import type { Generator } from '../../src/inference/index.js';
import type { MemoryModel } from '../../src/conversation/index.js';

export function memoryModel(generator: Generator): MemoryModel {
  return {
    contextSize: generator.contextSize,
    countTokens: (text) => generator.encode(text).length,
    chat: async (messages, { maxTokens, signal }) => {
      const { text } = await generator.chat(messages, { maxTokens, ...(signal === undefined ? {} : { signal }) });
      return { answer: text };
    },
  };
}
