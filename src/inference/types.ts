// What the rest of the code knows of text generation. Not here: which library does it (see llama.ts).
import type { Exact, Sampling } from '../options/index.js';

export interface ChatMessage {
  /** `tool`: what a call has given. */
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** Of an assistant: the tools it called, after what it said. */
  toolCalls?: readonly ToolCall[];
  /** Of a tool: which call this answers. */
  toolCallId?: string;
}

/** A function that a model may ask to be called. */
export interface Tool {
  /** Letters, digits, `_`, `-` and `.`, at most 64. */
  name: string;
  description?: string;
  /** JSON schema of an object: what it takes. Default: nothing. */
  parameters?: object;
}

export interface ToolCall {
  /** Nine letters and digits. */
  id: string;
  name: string;
  /** Conforms to the tool's parameters. */
  arguments: Record<string, unknown>;
}

/** A call that the answer ended in the middle of: by maxTokens, a full context, a stop string or a cancel. */
export interface CutToolCall {
  /** Undefined where the answer ended before the arguments. */
  name?: string;
  /** The JSON of the arguments as far as it was written. */
  arguments: string;
}

/** A LoRA adapter to generate with. */
export interface AdapterUse {
  /** GGUF file of the adapter. */
  path: string;
  /** Factor on the adapter's own alpha / rank. Default 1. */
  scale?: number;
}

/** The numbers that an answer is drawn by are in options/sampling.ts, with their defaults. */
export interface GenerateOptions extends Exact<Sampling> {
  /** Adapters to run with, none by default: then the answer is the base model's, bit for bit. */
  adapters?: readonly AdapterUse[];
  /** Where they begin to work: at the `start` of the conversation (default), or, in chat(), at the `answer`: the base model
   * reads the question, as it is read for every other answer, and the adapters work from the tokens that open the assistant's
   * turn on. They must have been trained so (Example.adaptedFrom). */
  adaptersFrom?: 'start' | 'answer';
  /** Added to the logits of tokens, by id; -Infinity forbids one. */
  logitBias?: ReadonlyMap<number, number>;
  /** The answer is a text of this GBNF grammar (llama.cpp's), from its rule `root`. */
  grammar?: string;
  /** The answer is JSON of this schema. What is supported of schemas, and how: json-schema.ts. */
  jsonSchema?: object;
  /** What the model may ask to be called, in chat(). Its calls come in `toolCalls`; what they give goes into the next chat as
   * messages of role `tool`. A call always conforms to its tool's parameters. */
  tools?: readonly Tool[];
  /** `auto` (default): the model chooses between text and calls; `required`, or a name: it calls; `none`: it does not. */
  toolChoice?: 'auto' | 'required' | 'none' | { name: string };
  /** Allows several calls in one answer, where the model's way to write them does. Default false. */
  parallelToolCalls?: boolean;
  /** Each token with its log-probability and those of so many likeliest ones (0: its own only), in `logprobs`. */
  logprobs?: number;
  /** In chat(): the answer begins with this, which is not generated: what follows it is, and a grammar or a schema is of that. */
  opening?: string;
  /** In chat(): the model thinks before it answers, where its template knows how; what it thinks comes in `thinking`. Default
   * false; models that always think do so all the same. */
  thinking?: boolean;
  /** What the answer is expected to be: as long as it is just that, its tokens are computed together. It changes nothing but the
   * time and, where llama.cpp computes, the last bits of probabilities. */
  expected?: string;
  /** What becomes of the oldest turns of a conversation that is too long for the context: `shift` (default) leaves them out,
   * `summarize` has the model itself put them into a short summary, made once for each time that turns are left out. */
  overflow?: 'shift' | 'summarize';
  /** Generation ends before any of these strings. */
  stop?: readonly string[];
  /** Aborting ends the generation; what was generated until then is returned with finishReason `cancelled`. */
  signal?: AbortSignal | undefined;
  /** Called with each new piece of text as it comes. Pieces joined are the whole text. */
  onText?: (piece: string) => void;
  /** The same of what the model thinks, which is no part of the text. */
  onThinking?: (piece: string) => void;
}

/** Whose state is saved or restored. */
export interface StateOptions {
  /** Those that the conversation is answered with. */
  adapters?: readonly AdapterUse[];
  signal?: AbortSignal | undefined;
}

export interface StateInfo {
  tokens: number;
  /** Of the file. */
  bytes: number;
}

export interface TokenLogprob {
  token: number;
  text: string;
  /** Natural logarithm, of the model's own probability: before temperature and what cuts off the unlikely. */
  logprob: number;
}

export interface Generation {
  /** Without its calls of tools. */
  text: string;
  /** What the model thought before it answered; it is not in the text. */
  thinking?: string;
  /** If there were tools: those called. */
  toolCalls?: ToolCall[];
  /** The call that was cut off; it is not among `toolCalls`. */
  cutToolCall?: CutToolCall;
  promptTokens: number;
  /** Of these, not computed again: the conversation so far, as far as it is the same. */
  reusedTokens: number;
  tokens: number;
  finishReason: 'stop' | 'length' | 'cancelled';
  /** Messages that were left out because the conversation is too long, and what stood for them. */
  left?: { messages: number; summary?: string };
  /** Of the answer, computed together with the token before because `lookup` guessed them. */
  guessedTokens: number;
  /** If asked for: of each token, and of the likeliest in its place. */
  logprobs?: (TokenLogprob & { likeliest: TokenLogprob[] })[];
  /** Seconds to the first token, and in all. */
  firstTokenSeconds: number;
  seconds: number;
}

export type ScoreOptions = Pick<GenerateOptions, 'adapters' | 'adaptersFrom' | 'signal'>;

export interface Score {
  /** Natural logarithm of how likely the answer is: the sum over its tokens. */
  logprob: number;
  tokens: TokenLogprob[];
}

export interface EmbedOptions {
  /** Of the texts that are done. */
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** One loaded model that generates text. Calls may overlap: as many as it was loaded for run at the same time, the rest one
 * after the other. */
export interface Generator {
  readonly modelPath: string;
  /** Tokens that prompt and answer together may have. */
  readonly contextSize: number;

  /** Answers a conversation through the model's own chat template. When it is too long for the context the oldest turns
   * (never the system message or the last turn) are left out; a last turn that cannot fit throws `too_long`. */
  chat(messages: readonly ChatMessage[], options?: GenerateOptions): Promise<Generation>;
  /** Continues a raw text, no template, until the model ends it or its turn. */
  complete(prompt: string, options?: GenerateOptions): Promise<Generation>;

  /** How likely the model is to give this answer to a conversation (whole: nothing is left out), or to go on with it after a
   * raw text. Nothing is generated. Throws `empty` for an answer without tokens, `too_long`, `cancelled`. */
  score(prompt: readonly ChatMessage[] | string, answer: string, options?: ScoreOptions): Promise<Score>;

  /** Token ids of a conversation as chat() feeds them, ending where the assistant's answer begins. Text in the messages
   * can never become a special token. Without a system message the template's own default is used. With tools the prompt
   * tells of them, in the template's own words where it has some. */
  encodeChat(messages: readonly ChatMessage[], tools?: readonly Tool[]): Uint32Array;
  /** How many of these tokens come before those that open the assistant's turn, of which there is at least one. */
  answerStart(messages: readonly ChatMessage[], tools?: readonly Tool[]): number;
  /** Token ids of a plain text; no special tokens are parsed or added. */
  encode(text: string): Uint32Array;
  decode(tokens: Uint32Array): string;
  /** The tokens that end an answer in the chat template (end of turn) and a text (end of text); begin-of-text if used. */
  readonly special: { endOfTurn: number; endOfText: number; beginOfText: number | null };

  /** Saves what was computed of the conversation answered last with these adapters, to answer the next question without
   * computing it again, in another process too. The file serves whatever begins with the same tokens: also a system message
   * or a document, answered with `maxTokens: 1`. `messages`: that conversation, to be sure that it is the one. The text can
   * be read out of the file. Throws `empty` (nothing is computed of it), `disk`, `not_found` (the model's file is gone),
   * `unsupported` (a recurrent model), `cancelled`. */
  saveState(
    path: string,
    options?: StateOptions & Pick<GenerateOptions, 'maxTokens' | 'overflow'> & { messages?: readonly ChatMessage[] },
  ): Promise<StateInfo>;
  /** Puts it back. Answers are the same bytes as without. Throws `not_found`, `disk`, `corrupt`, `unsupported`, `mismatch`
   * (another model, other adapters or scales, another build of llama.cpp, too small a context, another `parallel`), `memory`,
   * `cancelled`; the next answer then only takes longer. */
  restoreState(path: string, options?: StateOptions): Promise<StateInfo>;
  /** Vectors of length 1 of texts, in a context of their own and without adapters: pooled as the model's file says, else the
   * mean of what its last layer gives. Throws `empty`, `too_long`, `cancelled`. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;

  /** Forgets what is kept of an adapter file, so that it can be replaced or deleted. */
  releaseAdapter(path: string): Promise<void>;
  close(): Promise<void>;
}

/** Weights with which our own kernels compute in llama.cpp's place (docs/inference.md). */
export interface OwnWeights {
  /** As the native addon has them. */
  native: object;
  /** What keys and values they make depends on: saved states are bound to it. */
  name: string;
  close: () => void;
}

export interface LoadOptions {
  /** Tokens of context. Default: the model's own, at most 4096. */
  contextSize?: number;
  /** Threads to compute with. Default: what the machine gives. */
  threads?: number;
  /** Answers that are generated at the same time, in one batch; each has a context of its own. With more than one the last
   * bits of probabilities depend on what else is being answered. Default 1. */
  parallel?: number;
  /** `auto` (default) uses a GPU where there is one; `false` never does. */
  gpu?: 'auto' | false;
  /** Layers to keep on the GPU. Default: all. */
  gpuLayers?: number;
  /** Seconds without work after which the model is freed; the next call loads it again. Default: never. */
  idleUnload?: number;
  /** What our own kernels compute with; undefined from it, or no such function: llama.cpp. Not asked where a GPU computes. */
  ownWeights?: (signal: AbortSignal | undefined) => Promise<OwnWeights | undefined>;
  /** The Jinja text of a chat template. Default: the model's own. */
  chatTemplate?: string;
  /** Writes the library's log to stderr. Default false. */
  verbose?: boolean;
  /** SHA-256 of the model's file, which saved states are bound to. Default: computed when it is first needed. */
  modelSha256?: () => Promise<string>;
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}
