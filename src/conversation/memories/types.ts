// What a conversation memory is: it decides what of a conversation goes into the next prompt. Read before the model is called,
// written after. Not here: the memories themselves, and the weights' memories (../types.ts).
import type { Embedder } from '../../embedding/index.js';
import type { ChatMessage } from '../../inference/index.js';

/** Named values of one step: what goes into a prompt, or comes out of a model. */
export type Values = Readonly<Record<string, unknown>>;

/** What a memory puts into the prompt, by key: a text, or messages. */
export type MemoryVariables = Record<string, string | ChatMessage[]>;

export interface LoadOptions {
  /** Of the room that a memory has, the share it may use: several in one prompt share the context. Default 1. */
  share?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface SaveOptions {
  signal?: AbortSignal | undefined;
}

export interface ChatMemory {
  /** Of the variables that load() gives. */
  readonly memoryKeys: readonly string[];
  /** What goes into the prompt for these inputs. Calls no model but an embedding model; never fails for length. Throws
   * `usage` (which of several inputs is the question?), `disk`, `corrupt`, `cancelled`. */
  load(inputs?: Values, options?: LoadOptions): Promise<MemoryVariables>;
  /** Takes in an exchange. It is kept even where what a memory makes of it then fails; the next save makes up for it. Throws
   * as load(), and what its model throws; `locked`: another process is in the conversation. */
  save(inputs: Values, outputs: Values, options?: SaveOptions): Promise<void>;
  clear(): Promise<void>;
}

/** One thing said and what was answered. */
export interface Exchange {
  human: string;
  ai: string;
}

/** The model that a memory counts tokens with and has write summaries; an Engram is one. */
export interface MemoryModel {
  /** Tokens that prompt and answer together may have. */
  readonly contextSize: number;
  countTokens(text: string): number | Promise<number>;
  /** The memories of its weights and documents stay out of it: a summary is of what was said. */
  chat(
    messages: readonly ChatMessage[],
    options: { maxTokens: number; memories: false; passages: 0; signal?: AbortSignal | undefined },
  ): Promise<{ answer: string }>;
}

/** Gives vectors of length 1; an Engram and an Embedder do. */
export type MemoryEmbedder = Pick<Embedder, 'embed'>;
