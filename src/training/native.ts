// The native addon as TypeScript sees it: every function it has, and the one place that loads it. Nothing is checked or
// defaulted here; base-model.ts and trainer.ts are the classes to use.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { EngramError, type ErrorCode } from '../errors.js';
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
}

/** Measured GFLOP/s; a multiply-add counts as two. Absent: no such instruction. */
export interface Peak {
  f32: number;
  bf16?: number;
  int8?: number;
}

export interface NativeModel {
  readonly info: BaseModelInfo;
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
  add(tokens: Uint32Array | Int32Array, weights: Float32Array, klWeights: Float32Array | undefined): number;
  backward(examples: Int32Array, scales: Float32Array, klScales: Float32Array): Promise<BatchLoss>;
  evaluate(examples: Int32Array, scales: Float32Array, klScales: Float32Array): Promise<BatchLoss>;
  update(learningRate: number | undefined): Promise<{ gradNorm: number; step: number }>;
  /** [tokens, vocabulary] */
  logits(tokens: Uint32Array | Int32Array): Promise<Float32Array>;
  save(path: string): Promise<void>;
  load(path: string): Promise<void>;
  saveState(path: string): Promise<void>;
  loadState(path: string): Promise<void>;
  /** Ends the oldest call that has not settled. */
  cancel(): void;
  /** Ends all calls; frees the memory as soon as the running one has noticed. */
  close(): void;
}

const ADDON = '../../build/Release/engram.node';

let loaded: NativeAddon | undefined;

/** The addon, loaded once. Throws `native` with what to do about it. */
export function loadAddon(): NativeAddon {
  loaded ??= loadAddonFrom(fileURLToPath(new URL(ADDON, import.meta.url)));
  return loaded;
}

/** Loads the addon from a file, not kept. */
export function loadAddonFrom(path: string): NativeAddon {
  let exports: Partial<NativeAddon>;
  try {
    exports = createRequire(import.meta.url)(path) as Partial<NativeAddon>;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
    throw unusable(path, isMissing ? 'is not built' : 'cannot be loaded', error);
  }
  if (FUNCTIONS.every((name) => typeof exports[name] === 'function')) return exports as NativeAddon;
  throw unusable(path, 'was built for another version of engram');
}

const FUNCTIONS = [
  'cpuInfo',
  'measurePeak',
  'openModel',
  'mergeAdapters',
  'fuseAdapters',
] as const satisfies (keyof NativeAddon)[];

function unusable(path: string, why: string, cause?: unknown): EngramError {
  return new EngramError('native', `The native addon ${why}.`, {
    hint:
      'Run `npm run build:native`. It needs a C++20 compiler (g++ 11, clang 14, Visual Studio 2022 or newer), make ' +
      'and Python 3; after a change of Node or of the machine the addon must be built again.',
    cause,
    details: { path, node: process.versions.node, platform: `${process.platform}-${process.arch}` },
  });
}

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'usage',
  'cancelled',
  'disk',
  'corrupt',
  'unsupported',
  'mismatch',
  'not_found',
  'empty',
  'too_long',
  'diverged',
  'memory',
  'native',
  'internal',
]);

/** An error of the addon as an EngramError; its own stack is that of the caller. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EngramError) return error;
  const { code, hint } = error as Error & { code?: unknown; hint?: unknown };
  return new EngramError(
    typeof code === 'string' && CODES.has(code) ? (code as ErrorCode) : 'internal',
    error.message,
    {
      hint: typeof hint === 'string' ? hint : undefined,
      cause: error,
    },
  );
}

/** Runs a call of the addon; what it throws comes out as an EngramError. */
export function callNative<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

/** The same for a call that returns a promise. */
export async function awaitNative<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fromNative(error);
  }
}
