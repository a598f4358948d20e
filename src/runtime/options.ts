// What the methods of class Engram and its namespaces are given. Not here: what they do, the tables of options (options/).
import type { EmbedOptions } from '../embedding/index.js';
import type { ChatMessage, GenerateOptions, ToolCall } from '../inference/index.js';
import type { SleepOptions } from '../learn/index.js';
import type { GivenSettings, Grounding } from '../options/index.js';
import type { FuseOptions, ImportOptions } from '../training/index.js';
import type { RunnableTool, ToolResult } from './tools.js';

/** For the model of the Engram. */
export type ImportAdapterOptions = Omit<ImportOptions, 'model'>;

export interface OpenProgress {
  phase: 'pull' | 'model' | 'embedder';
  /** From 0 to 1. */
  share: number;
}

/** Every setting, with its default, is in options/settings.ts. */
export interface OpenOptions extends GivenSettings {
  /** Load the model and the brain when they are first needed, and not now: what needs no model never loads one. Default false. */
  lazy?: boolean | undefined;
  onProgress?: ((progress: OpenProgress) => void) | undefined;
  /** Ends the loading. */
  signal?: AbortSignal | undefined;
}

export interface LoadOptions {
  /** The brain too, which has to belong to the model. Default true. */
  brain?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Adapters are what the memories switch on. */
type Generating = {
  [K in keyof Omit<GenerateOptions, 'adapters' | 'adaptersFrom' | 'tools'>]?: GenerateOptions[K] | undefined;
};

/** All settings of an answer: sampling (options/sampling.ts), form, limits (inference/types.ts); and what may answer. */
export interface AskOptions extends Generating, Grounding {
  /** A named adapter (made by train) to answer with, or a GGUF file of one, in place of what the memories would switch on. */
  adapter?: string | undefined;
  /** Id of a memory to answer with whatever the question is, in place of those it touches: to see what its weights do alone. */
  memory?: string | undefined;
  /** Whether memories may answer. Default true; false: the model alone, or the named adapter. */
  memories?: boolean | undefined;
  /** What is asked, where the last message says more than that (instructions around a question): memories and passages are
   * looked for by it. Default: the last message. */
  about?: string | undefined;
  /** What the model may ask to be called. Those with `execute` are run, and the model goes on with what they gave; calls of others
   * come in `toolCalls`. */
  tools?: readonly RunnableTool[] | undefined;
  /** A call, as soon as the answer that asks for it has ended. */
  onToolCall?: ((call: ToolCall) => void) | undefined;
  onToolResult?: ((result: ToolResult) => void) | undefined;
}

/** All but callbacks: what comes is read from the stream. */
export type StreamOptions = Omit<AskOptions, 'onText' | 'onThinking' | 'onToolCall' | 'onToolResult'>;

export interface EngramEmbedOptions extends EmbedOptions {
  /** The embedding model (default), or the chat model itself, which has neither kinds nor windows: a text that is longer than its
   * context is refused with `too_long`, an empty one with `empty`. */
  by?: 'embedder' | 'model' | undefined;
}

/** No chat template, hence no tools; no memories and passages. */
export type CompleteOptions = Omit<
  AskOptions,
  | keyof Grounding
  | 'about'
  | 'memory'
  | 'memories'
  | 'opening'
  | 'overflow'
  | 'thinking'
  | 'onThinking'
  | 'tools'
  | 'toolChoice'
  | 'parallelToolCalls'
  | 'onToolCall'
  | 'onToolResult'
>;

/** As AskOptions, but for those of a form. */
export interface ExplainOptions extends Omit<AskOptions, 'jsonSchema' | 'tools' | 'toolChoice' | 'parallelToolCalls'> {
  /** An answer to explain, in place of the one that ask() gives. */
  answer?: string | undefined;
  /** Of the scorings: one for each memory and passage, and two. */
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
}

export interface MemorySleepOptions extends Omit<SleepOptions, 'passages'> {
  /** Learn passages of documents too that answered at least three different questions. Default false. */
  passages?: boolean | undefined;
}

export interface SaveStateOptions extends Pick<AskOptions, 'adapter' | 'maxTokens' | 'overflow' | 'signal'> {
  /** The conversation, with the options it was answered with, to be sure that it is the one that is saved. */
  messages?: readonly ChatMessage[] | undefined;
}

export interface ClassifyRequest {
  /** Name of an adapter that was trained on labels. */
  adapter: string;
  texts: readonly string[];
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface EvaluateRequest extends Omit<ClassifyRequest, 'texts'> {
  /** JSONL of `{text, label}` or `{text, labels}`. */
  file: string;
}

/** `model` and `threads`: default those of the Engram. */
export type FuseModelOptions = Omit<FuseOptions, 'model'> & Partial<Pick<FuseOptions, 'model'>>;
