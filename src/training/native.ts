// The native addon as training sees it. Nothing is checked or defaulted here; base-model.ts and trainer.ts are the classes
// to use.
import { loadAddon as load } from '../addon.js';
import type { MatrixRank } from './rank-pattern.js';
import type { BaseModelInfo, BatchLoss, LoraOptions, OptimizerOptions, TargetModule } from './types.js';

export type Precision = BaseModelInfo['precision'];

export interface NativeAddon {
  cpuInfo(): CpuInfo;
  /** Loops that touch registers only, all threads at once, for about `ms` (1 to 10000) milliseconds. */
  measurePeak(options: { threads: number; ms: number }): Promise<Peak>;
  /** Maps, dequantises and packs the weights of a GGUF. `onProgress` gets shares from 0 to 1; false from it cancels.
   * Without a precision: the best of this CPU. */
  openModel(
    path: string,
    ggmlLibrary: string,
    options: { precision: Precision | undefined; threads: number },
    onProgress: (share: number) => boolean,
  ): Promise<NativeModel>;
  /** From the header alone. `tokens` go through the model together. */
  estimateMemory(
    path: string,
    ggmlLibrary: string,
    options: { precision: Precision | undefined; tokens: number },
    lora: NativeLora,
  ): MemoryNeed;
  /** Writes the sum of adapters as one, cut to rank where that is above 0. As openModel() for `onProgress`. */
  mergeAdapters(
    adapters: readonly WeightedFile[],
    output: string,
    ggmlLibrary: string,
    options: { rank: number; budget: number },
    onProgress: (share: number) => boolean,
  ): Promise<MergeReport>;
  /** Writes a model with adapters built in. */
  fuseAdapters(
    model: string,
    adapters: readonly WeightedFile[],
    output: string,
    ggmlLibrary: string,
    options: { type: string; threads: number },
    onProgress: (share: number) => boolean,
  ): Promise<FuseReport>;
}

/** Bytes: of the weights, of the adapter, and of all together with as much computed twice as can be, and with nothing. */
export interface MemoryNeed {
  model: number;
  adapter: number;
  least: number;
  most: number;
}

/** An adapter's GGUF and how much of it there is to be. */
export interface WeightedFile {
  path: string;
  weight: number;
}

export interface MergeReport {
  /** For each adapted weight of the model its rank, all adapters together, and what is left of it; `error` is the share of
   * the change's norm that was cut off. */
  ranks: { weight: string; before: number; after: number; error: number }[];
  /** As stored. */
  alpha: number;
  /** Of all matrices together, 0 to 1. */
  error: number;
  /** Numbers in the new adapter. */
  parameters: number;
}

export interface FuseReport {
  /** Of the new file. */
  bytes: number;
  /** Tensors that were changed. */
  tensors: number;
}

export interface CpuInfo {
  /** Instruction sets found, e.g. `avx2`. */
  features: string[];
  /** The family of kernels chosen for them. */
  kernel: string;
  /** The precision that is fastest here. */
  precision: Precision;
  /** That run at once: cores, as far as affinity and control groups give them to this process. */
  threads: number;
}

/** Measured GFLOP/s; a multiply-add counts as two. Absent: no such instruction. */
export interface Peak {
  f32: number;
  bf16?: number;
  int8?: number;
}

export interface NativeModel {
  readonly info: Omit<BaseModelInfo, 'kernels'>;
  /** `memoryLimit` in bytes, for weights, adapter and training together. */
  createTrainer(
    lora: NativeLora,
    optimizer: Required<OptimizerOptions>,
    threads: number,
    memoryLimit?: number,
  ): NativeTrainer;
  /** Trainers made from it keep the weights until they are closed too. */
  close(): void;
}

/** LoraOptions without defaults. */
export interface NativeLora extends Omit<Required<LoraOptions>, 'kind' | 'layers' | 'rankPattern' | 'targets'> {
  rankStabilized: boolean;
  /** Where the rank is not `rank`. */
  ranks: MatrixRank[];
  targets: TargetModule[];
  firstLayer: number;
  lastLayer: number;
}

/** Calls are queued and run one after the other on the trainer's own thread. */
export interface NativeTrainer {
  add(
    tokens: Uint32Array | Int32Array,
    weights: Float32Array,
    klWeights: Float32Array | undefined,
    adaptedFrom: number | undefined,
  ): number;
  backward(examples: Int32Array, scales: Float32Array, klScales: Float32Array): Promise<BatchLoss>;
  evaluate(examples: Int32Array, scales: Float32Array, klScales: Float32Array): Promise<BatchLoss>;
  update(learningRate: number | undefined): Promise<{ gradNorm: number; step: number }>;
  /** [sequences, choices] */
  choices(
    sequences: readonly { tokens: Uint32Array | Int32Array; adaptedFrom: number }[],
    choices: Uint32Array | Int32Array,
  ): Promise<Float32Array>;
  /** [tokens, vocabulary] */
  logits(tokens: Uint32Array | Int32Array): Promise<Float32Array>;
  save(path: string, type: 'f32' | 'f16'): Promise<void>;
  load(path: string): Promise<void>;
  saveState(path: string): Promise<void>;
  loadState(path: string): Promise<void>;
  /** Ends the oldest call that has not settled. */
  cancel(): void;
  /** Ends all calls; frees the memory as soon as the running one has noticed. */
  close(): void;
}

/** Throws `native` with what to do about it. */
export const loadAddon = (): NativeAddon =>
  load<NativeAddon>(['cpuInfo', 'measurePeak', 'openModel', 'estimateMemory', 'mergeAdapters', 'fuseAdapters']);
