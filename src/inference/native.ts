// The native addon as generation sees it (native/generate). Nothing is checked or defaulted here.
import { loadAddon as load } from '../addon.js';

export interface NativeGeneration {
  /** Maps a GGUF to generate with. `llamaLibrary` is the libllama that is loaded already; `gpuLayers` below 0: all;
   * `onlyVocabulary`: no weights, to tokenise. False from `onProgress` cancels. */
  loadLanguageModel(
    path: string,
    llamaLibrary: string,
    options: { gpuLayers: number; onlyVocabulary: boolean },
    onProgress: (share: number) => boolean,
  ): Promise<NativeLanguageModel>;
}

export interface NativeLanguageModel {
  readonly info: {
    /** Tokens, absent where the vocabulary has none. */
    beginOfText?: number;
    endOfSequence?: number;
    endOfTurn?: number;
    addsBeginOfText: boolean;
    vocabularySize: number;
    /** Its state cannot be cut back: nothing that was computed is used again. */
    isRecurrent: boolean;
    layers: number;
    /** Of the weights. */
    bytes: number;
  };
  isSpecial(token: number): boolean;
  tokenize(text: string, parseSpecial: boolean): Uint32Array;
  /** Bytes that are no character become U+FFFD. */
  text(tokens: Uint32Array, writeSpecial: boolean): string;
  /** Looks at the file first: is it whole, for this model, and are its values numbers? */
  loadAdapter(path: string): Promise<NativeAdapter>;
  /** Vectors of length 1 of texts given as tokens, in a context that lives as long. False from `onProgress` cancels. */
  embed(
    texts: readonly Uint32Array[],
    options: { pooling: 'mean' | 'first' | 'last'; threads: number },
    onProgress: (share: number) => boolean,
  ): Promise<Float32Array<ArrayBuffer>[]>;
  createEngine(options: {
    contextSize: number;
    /** Answers computed at the same time; each has a context of its own. */
    lanes: number;
    /** Tokens of a prompt computed at once. */
    block: number;
    threads: number;
    /** A NativeModel for our own kernels. */
    weights: object | undefined;
  }): Promise<NativeEngine>;
  /** Its engines and adapters keep the weights until they are closed too. */
  close(): void;
}

export interface NativeAdapter {
  /** An engine that uses it keeps it until it uses others. */
  close(): void;
}

/** Of what was said in a prompt, generated tokens, and their probabilities if asked for: for each token pairs of a token and
 * its log-probability, the chosen one first, then the likeliest in order. */
type OnTokens = (tokens: Uint32Array, probabilities: Float64Array[] | undefined) => void;

/** Who computes: llama.cpp; llama.cpp after prompts that our own kernels have read; our own kernels. The latter with the weights that
 * were given, if they are what llama.cpp has. */
export type Computes = 'llama' | 'prompts' | 'own';

export interface NativeEngine {
  readonly computes: Computes;
  /** From the next answer on. What was computed with other adapters is forgotten. */
  use(adapters: readonly NativeAdapter[], scales: Float32Array): Promise<void>;
  generate(request: NativeRequest, onTokens: OnTokens): { id: number; done: Promise<NativeResult> };
  /** Ends an answer soon: its promise settles with `cancelled`. */
  cancel(id: number): void;
  /** What a lane has computed of its last prompt, in whole blocks. */
  save(lane: number): Promise<{ tokens: Uint32Array; prefix: number; state: Buffer }>;
  restore(lane: number, tokens: Uint32Array, prefix: number, state: Buffer): Promise<void>;
  /** Ends what is being computed. */
  close(): Promise<void>;
}

export interface NativeRequest {
  prompt: Uint32Array;
  /** Its first tokens that many prompts share: they are computed as a block of their own, to be used again. */
  prefix: number;
  /** That work in place of the engine's own from a token of the prompt on; before it nothing differs from other answers. */
  adapters?: readonly NativeAdapter[];
  scales?: Float32Array;
  adaptedFrom?: number;
  maxTokens: number;
  /** An answer ends before any of them. */
  endTokens: Uint32Array;
  sampling: NativeSampling;
  /** How many of the likeliest tokens come with each; -1: no probabilities at all. */
  likeliest: number;
  /** Guesses what follows from where the same words stood before. */
  lookup: boolean;
  /** What the answer is expected to be: computed together as long as it is. */
  expected: Uint32Array;
  /** What is expected comes, whatever the model would say: only its probabilities are wanted. `maxTokens` is its length. */
  insists: boolean;
}

export interface NativeSampling {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  typicalP: number;
  xtcProbability: number;
  xtcThreshold: number;
  penaltyTokens: number;
  repeatPenalty: number;
  frequencyPenalty: number;
  presencePenalty: number;
  dryMultiplier: number;
  dryBase: number;
  dryAllowedLength: number;
  mirostatTau: number;
  mirostatEta: number;
  seed: number;
  biasTokens: Uint32Array;
  biases: Float32Array;
  grammar?: string;
}

export interface NativeResult {
  finish: 'stop' | 'length' | 'cancelled';
  /** Where it was computed; below 0: it was not. */
  lane: number;
  /** Of the prompt, not computed again. */
  reusedTokens: number;
  guessedTokens: number;
}

/** Throws `native` with what to do about it. */
export const loadAddon = (): NativeGeneration => load<NativeGeneration>(['loadLanguageModel']);
