// Conversation memories as LangChain's chains want them, and LangChain's models as memories want them. Not here: what a memory
// keeps (memory/chat-memory).
import type { Embeddings } from '@langchain/core/embeddings';
import { BaseLanguageModel } from '@langchain/core/language_models/base';
import { BaseMemory, type InputValues, type MemoryVariables, type OutputValues } from '@langchain/core/memory';
import { AIMessage, HumanMessage, SystemMessage, type BaseMessage } from '@langchain/core/messages';
import type { ChatMemory, ChatMessage, MemoryEmbedder, MemoryModel } from '../index.js';

/** Any conversation memory, in ConversationChain, LLMChain and whatever else takes a BaseMemory. */
export class EngramMemory extends BaseMemory {
  constructor(readonly memory: ChatMemory) {
    super();
  }

  get memoryKeys(): string[] {
    return [...this.memory.memoryKeys];
  }

  async loadMemoryVariables(values: InputValues): Promise<MemoryVariables> {
    const variables = await this.memory.load(values);
    return Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [key, typeof value === 'string' ? value : value.map(messageOf)]),
    );
  }

  saveContext(inputValues: InputValues, outputValues: OutputValues): Promise<void> {
    return this.memory.save(inputValues, outputValues);
  }

  clear(): Promise<void> {
    return this.memory.clear();
  }
}

export interface MemoryModelOptions {
  /** Tokens that prompt and answer together may have. */
  contextSize: number;
  /** Default: the model's own getNumTokens() where it has one, else bytes, of which there are never fewer. LangChain's default
   * is not used: it fetches the vocabulary of another model from the network. */
  countTokens?: ((text: string) => number | Promise<number>) | undefined;
}

/** A model of LangChain's for a memory to count tokens with and write summaries. */
export function memoryModel(llm: BaseLanguageModel, { contextSize, countTokens }: MemoryModelOptions): MemoryModel {
  const isOwn = llm.getNumTokens !== BaseLanguageModel.prototype.getNumTokens;
  return {
    contextSize,
    countTokens: countTokens ?? ((text) => (isOwn ? llm.getNumTokens(text) : Buffer.byteLength(text))),
    chat: async (messages, { signal }) => {
      const answer: unknown = await llm.invoke(messages.map(messageOf), signal === undefined ? {} : { signal });
      if (typeof answer === 'string') return { answer };
      return { answer: (answer as BaseMessage).text };
    },
  };
}

/** Embeddings of LangChain's for a memory to find past exchanges with. */
export function memoryEmbedder(embeddings: Embeddings): MemoryEmbedder {
  return {
    embed: async (texts, { kind = 'passage' } = {}) => {
      const vectors =
        kind === 'query'
          ? await Promise.all(texts.map((text) => embeddings.embedQuery(text)))
          : await embeddings.embedDocuments([...texts]);
      return vectors.map(unitVector);
    },
  };
}

function messageOf({ role, content }: ChatMessage): BaseMessage {
  if (role === 'system') return new SystemMessage(content);
  return role === 'user' ? new HumanMessage(content) : new AIMessage(content);
}

function unitVector(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
