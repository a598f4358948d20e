// What the methods of class Engram are given. Not here: what they do (engram.ts).
import type { GivenSettings } from './config.js';
import type { EmbedOptions } from './embedding/index.js';
import type { ChatMessage, GenerateOptions } from './inference/index.js';
import type { MoveOptions, SleepOptions } from './learn/index.js';

export interface OpenProgress {
  phase: 'pull' | 'model' | 'embedder';
  /** From 0 to 1. */
  share: number;
}

/** Every setting of config.ts (home, model, embedder, brain, threads, context, gpu, offline …), and these. */
export interface OpenOptions extends Pick<
  GivenSettings,
  | 'home'
  | 'model'
  | 'chatTemplate'
  | 'embedder'
  | 'brain'
  | 'store'
  | 'server'
  | 'serverModel'
  | 'serverKey'
  | 'threads'
  | 'parallel'
  | 'gpu'
  | 'gpuLayers'
  | 'compute'
  | 'idleUnload'
  | 'offline'
  | 'verbose'
> {
  /** Tokens of context. */
  contextSize?: unknown;
  onProgress?: ((progress: OpenProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Adapters are what the memories switch on. */
type Generating = {
  [K in keyof Omit<GenerateOptions, 'adapters' | 'adaptersFrom'>]?: GenerateOptions[K] | undefined;
};

/** All settings of an answer (inference/types.ts): sampling, form, limits; and what may answer. */
export interface AskOptions extends Generating {
  /** A named adapter (made by train) to answer with, or a GGUF file of one, in place of what the memories would switch on. */
  adapter?: string | undefined;
  /** Id of a memory to answer with whatever the question is, in place of those it touches: to see what its weights do alone. */
  memory?: string | undefined;
  /** Whether memories may answer. Default true; false: the model alone, or the named adapter. */
  memories?: boolean | undefined;
  /** Most passages of ingested documents to answer from, where any are about the question; 0 uses none. Default 3. */
  passages?: number | undefined;
  /** What is asked, where the last message says more than that (instructions around a question): memories and passages are
   * looked for by it. Default: the last message. */
  about?: string | undefined;
  /** What becomes of a question about the person's own things (`Where did I park?`) that nothing remembered, ingested or said
   * answers: `say` that it is not known (the default), or have the base model `answer` all the same. Only where something is
   * remembered or ingested; never with tools, a grammar or a schema. */
  unknown?: 'say' | 'answer' | undefined;
}

export interface EngramEmbedOptions extends EmbedOptions {
  /** The embedding model (default), or the chat model itself, which has neither kinds nor windows: a text that is longer than its
   * context is refused with `too_long`, an empty one with `empty`. */
  by?: 'embedder' | 'model' | undefined;
}

/** No chat template, hence no tools; no memories and passages. */
export type CompleteOptions = Omit<
  AskOptions,
  | 'passages'
  | 'about'
  | 'memory'
  | 'memories'
  | 'unknown'
  | 'opening'
  | 'overflow'
  | 'thinking'
  | 'onThinking'
  | 'tools'
  | 'toolChoice'
  | 'parallelToolCalls'
>;

/** As AskOptions, but for those of a form. */
export interface ExplainOptions extends Omit<AskOptions, 'jsonSchema' | 'tools' | 'toolChoice' | 'parallelToolCalls'> {
  /** An answer to explain, in place of the one that ask() gives. */
  answer?: string | undefined;
  /** Of the scorings: one for each memory and passage, and two. */
  onProgress?: ((progress: { done: number; of: number }) => void) | undefined;
}

/** Where the brain is and which model it is to belong to, and how. */
export interface MoveBrainOptions extends OpenOptions, Pick<MoveOptions, 'partly'> {
  onMove?: MoveOptions['onProgress'];
}

export interface EngramSleepOptions extends Omit<SleepOptions, 'passages'> {
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
