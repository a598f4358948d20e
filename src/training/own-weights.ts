// The weights that training holds, to answer with: on a CPU the kernels of the training step are several times as fast as
// llama.cpp's. They are a second copy of the weights, shared with training, so only of models that are small for the machine. Not
// here: which part of an answer they compute (native/generate/context.hpp).
import { defined } from '../defined.js';
import { EngramError, throwIfCancelled } from '../errors.js';
import { machineMemory, OWN_WEIGHTS_SHARE } from '../models/index.js';
import { openResident } from './base-model.js';
import { cpuInfo } from './device.js';
import { memoryOf } from './memory-budget.js';
import type { NativeModel, Precision } from './native.js';
import { resolveLora } from './options.js';

export interface OwnWeights {
  native: NativeModel;
  /** What keys and values they make depends on. */
  name: string;
  close: () => void;
}

export interface OwnWeightsOptions {
  /** How the weights are held. Default: as training holds them, where that is fine enough. */
  precision?: Precision | undefined;
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Undefined for a model that cannot be trained, is too large or finds no memory, and on a CPU where it was not measured to be
 * faster. Throws as openBaseModel() does otherwise. */
export async function openOwnWeights(
  path: string,
  { precision = readingPrecision(), threads, signal }: OwnWeightsOptions = {},
): Promise<OwnWeights | undefined> {
  throwIfCancelled(signal);
  if (!cpuInfo().kernel.startsWith('avx')) return undefined;
  try {
    const { model } = memoryOf(path)({ precision, tokens: 1 }, resolveLora({}, 1));
    if (model > machineMemory() * OWN_WEIGHTS_SHARE) return undefined;
    const { native, leave } = await openResident(path, defined({ precision, threads, signal }));
    return { native, name: `${native.info.precision}-${cpuInfo().kernel}`, close: leave };
  } catch (error) {
    // Nobody needs them to get an answer.
    if (error instanceof EngramError && ['unsupported', 'memory'].includes(error.code)) return undefined;
    throw error;
  }
}

/** As training holds them, unless that is 7 bits, with AVX2 alone: `ENGRAM_ISA=avx2 node scripts/bench/prompts.mjs` says what those
 * cost. */
function readingPrecision(): Precision | undefined {
  const { precision, features } = cpuInfo();
  const isCoarse = precision === 'int8' && !features.some((name) => name.endsWith('vnni'));
  return isCoarse ? 'f16' : undefined;
}
