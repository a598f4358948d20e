// What the rest of the code knows of text generation. Not here: which library does it (see llama.ts).

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A LoRA adapter to generate with. */
export interface AdapterUse {
  /** GGUF file of the adapter. */
  path: string;
  /** Factor on the adapter's own alpha / rank. Default 1. */
  scale?: number;
}

export interface GenerateOptions {
  /** Adapters to run with, none by default: then the answer is the base model's, bit for bit. */
  adapters?: readonly AdapterUse[];
  /** Most tokens to generate. Default 512. */
  maxTokens?: number;
  /** 0 (the default) is greedy and reproducible. */
  temperature?: number;
  topK?: number;
  topP?: number;
  minP?: number;
  /** Seed for temperature > 0. Default: random. */
  seed?: number;
  /** Generation ends before any of these strings. */
  stop?: readonly string[];
  /** Aborting ends the generation; what was generated until then is returned with finishReason `cancelled`. */
  signal?: AbortSignal;
  /** Called with each new piece of text as it comes. Pieces joined are the whole text. */
  onText?: (piece: string) => void;
}

export interface Generation {
  text: string;
  promptTokens: number;
  tokens: number;
  finishReason: 'stop' | 'length' | 'cancelled';
  /** Seconds to the first token, and in all. */
  firstTokenSeconds: number;
  seconds: number;
}

/** One loaded model that generates text. Calls may overlap; they run one after the other. */
export interface Generator {
  readonly modelPath: string;
  /** Tokens that prompt and answer together may have. */
  readonly contextSize: number;

  /** Answers a conversation through the model's own chat template. When it is too long for the context the oldest turns
   * (never the system message or the last turn) are left out; a last turn that cannot fit throws `too_long`. */
  chat(messages: readonly ChatMessage[], options?: GenerateOptions): Promise<Generation>;
  /** Continues a raw text, no template. */
  complete(prompt: string, options?: GenerateOptions): Promise<Generation>;

  /** Token ids of a conversation as chat() feeds them, ending where the assistant's answer begins. Text in the messages
   * can never become a special token. Without a system message the template's own default is used. */
  encodeChat(messages: readonly ChatMessage[]): Uint32Array;
  /** Token ids of a plain text; no special tokens are parsed or added. */
  encode(text: string): Uint32Array;
  decode(tokens: Uint32Array): string;
  /** The tokens that end an answer in the chat template (end of turn) and a text (end of text); begin-of-text if used. */
  readonly special: { endOfTurn: number; endOfText: number; beginOfText: number | null };

  /** Forgets what is kept of an adapter file, so that it can be replaced or deleted. */
  releaseAdapter(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface LoadOptions {
  /** Tokens of context. Default: the model's own, at most 4096. */
  contextSize?: number;
  /** Threads to compute with. Default: what the machine gives. */
  threads?: number;
  /** `auto` (default) uses a GPU where there is one; `false` never does. */
  gpu?: 'auto' | false;
  /** Writes the library's log to stderr. Default false. */
  verbose?: boolean;
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}
