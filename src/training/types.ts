// What the rest of the code knows of LoRA training. The step itself is C++ (native/core); the loop around it is TypeScript.
import type { Exact, TARGETS, Training } from '../options/index.js';

/** One of the seven projections of a transformer layer. */
export type TargetModule = (typeof TARGETS)[number];

/** How an adapter is scaled: `lora` by alpha / rank, `rslora` (rank-stabilized) by alpha / sqrt(rank). */
export type LoraKind = NonNullable<Training['kind']>;

/** What each means and its default: options/training.ts. */
export type LoraOptions = Exact<
  Pick<Training, 'kind' | 'rank' | 'rankPattern' | 'alpha' | 'targets' | 'layers' | 'dropout' | 'seed'>
>;

export interface OptimizerOptions extends Exact<
  Pick<Training, 'learningRate' | 'rateB' | 'weightDecay' | 'maxGradNorm'>
> {
  /** Default adamw. */
  kind?: NonNullable<Training['optimizer']>;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** SGD only. Default 0. */
  momentum?: number;
}

/** One sequence to learn from. */
export interface Example {
  tokens: ArrayLike<number>;
  /** Loss weight of each token as a target: 0 for the prompt, 1 for what is learned. weights[0] is never used. */
  weights: ArrayLike<number>;
  /** Weight of KL(base ‖ adapted) on the prediction of each token: what must stay as it was. Default: none. */
  klWeights?: ArrayLike<number>;
  /** The adapter works from this token on; those before it are read by the base model once, and cost later steps nothing.
   * No token up to it can have a weight. Default 0. */
  adaptedFrom?: number;
}

/** One sequence to say what follows. */
export interface Sequence {
  tokens: ArrayLike<number>;
  /** As in an Example, and below the number of tokens. Default 0. */
  adaptedFrom?: number;
}

/** How often and how strongly an example counts in a batch. The loss is a plain sum over the batch:
 * Σ scale · Σ weights·CE + klScale · Σ klWeights·KL. */
export interface BatchItem {
  /** As returned by Trainer.add(). */
  example: number;
  scale?: number;
  klScale?: number;
}

export interface ExampleLoss {
  /** Σ weights·CE and Σ weights of this example. */
  sumLoss: number;
  sumWeights: number;
  /** Σ klWeights·KL and Σ klWeights. */
  sumKl: number;
  sumKlWeights: number;
  /** Largest CE of a token with a weight. */
  maxLoss: number;
  /** Tokens with a weight, and those of them the model ranks first. */
  tokens: number;
  correct: number;
}

export interface BatchLoss {
  examples: ExampleLoss[];
  /** Tokens that went through the model, and floating-point operations done for them. */
  computedTokens: number;
  flop: number;
  seconds: number;
}

/** One LoRA adapter being trained over a resident base model. Calls run one after the other on a thread of their own. */
export interface Trainer {
  /** Keeps an example (and, once computed, what never changes of it: its activations below the first adapted layer, the
   * base model's log-probabilities where it has klWeights) and returns its index. */
  add(example: Example): number;
  /** Forward and backward: adds to the gradients. */
  backward(batch: readonly BatchItem[]): Promise<BatchLoss>;
  /** Clips, takes one optimizer step with the gradients so far and clears them. `learningRate` overrides the option.
   * Throws `diverged` (and changes nothing) if the gradient is not finite. */
  update(learningRate?: number): Promise<{ gradNorm: number; step: number }>;
  /** Forward only. */
  evaluate(batch: readonly BatchItem[]): Promise<BatchLoss>;
  /** The log-probabilities, over the whole vocabulary, of `choices` as the token that follows each sequence: an array for each, in
   * the order of choices. Keeps nothing but what the base model made of the tokens before adaptedFrom, and of that what was used
   * last. Throws as add(), and `diverged`. */
  choices(sequences: readonly Sequence[], choices: readonly number[]): Promise<Float32Array[]>;
  /** Logits of every position, [tokens, vocabulary], with the adapter as it is. For tests and probes. */
  logits(tokens: ArrayLike<number>): Promise<Float32Array>;
  /** Writes the adapter as a GGUF that llama.cpp loads: temporary file, fsync, rename. With `type` f16 it is half as large and
   * its values are rounded (`unsupported`: one that F16 cannot hold); a training goes on to the bit from f32, the default. */
  save(path: string, options?: { type?: 'f32' | 'f16' }): Promise<void>;
  /** Reads A and B of a GGUF adapter, of F32 or F16, of the same model, rank, targets and layers; the optimizer starts afresh. */
  load(path: string): Promise<void>;
  /** Writes what goes on from here beside the adapter, as it was after the last update: the optimizer's moments and counters. With
   * save() and load() a training continues bit for bit. */
  saveState(path: string): Promise<void>;
  /** Reads it, after load(). Throws `mismatch` for that of another adapter or optimizer, `corrupt`, `not_found`. */
  loadState(path: string): Promise<void>;
  /** Stops the call that is running, within a step; that call rejects with `cancelled`. */
  cancel(): void;
  close(): void;
}

export interface BaseModelInfo {
  path: string;
  architecture: string;
  layers: number;
  hiddenSize: number;
  /** Attention heads, and those of keys and values. */
  heads: number;
  keyValueHeads: number;
  vocabularySize: number;
  contextLength: number;
  parameters: number;
  /** How the frozen weights are held for training. */
  precision: 'f32' | 'f16' | 'bf16' | 'int8';
  /** What computes with them: a training that goes on is the same to the bit only where this is the same. */
  kernels: string;
  residentBytes: number;
}

/** The frozen weights of a GGUF, resident between trainings. */
export interface BaseModel {
  readonly info: BaseModelInfo;
  /** `memoryLimit`: bytes for weights, adapter and training together; a batch that needs more computes layers twice, and one
   * that cannot do with it throws `memory`. Default: any amount. */
  newTrainer(lora?: LoraOptions, optimizer?: OptimizerOptions, memoryLimit?: number): Trainer;
  close(): void;
}
