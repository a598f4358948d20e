// What this machine trains with, for `doctor` and the benchmarks.
import { checkWhole } from './checks.js';
import { awaitNative, callNative } from '../addon.js';
import { loadAddon, type CpuInfo, type Peak, type Precision } from './native.js';

/** Instruction sets found, the kernels chosen for them, and the precision that is fastest. Throws `native`. */
export function cpuInfo(): CpuInfo {
  const addon = loadAddon();
  return callNative(() => addon.cpuInfo());
}

/** What computes with weights held at this precision. Sums are rounded in the order that the kernels make them in, so two trainings
 * are the same to the bit only where this is the same. */
export function kernelsFor(precision: Precision): string {
  const { kernel, features } = cpuInfo();
  const bytes = precision === 'int8' ? features.find((name) => name.endsWith('vnni')) : undefined;
  return [kernel, precision, ...(bytes === undefined ? [] : [bytes])].join(' ');
}

export interface MeasureOptions {
  /** Default: those the machine offers. */
  threads?: number;
  /** Milliseconds to measure for, 1 to 10000. Default 300. */
  ms?: number;
}

/** Peak arithmetic of the machine at this moment. Throws `native`. */
export async function measurePeak(options: MeasureOptions = {}): Promise<Peak> {
  const threads = checkWhole('threads', options.threads ?? cpuInfo().threads, 1, 1024);
  const ms = checkWhole('ms', options.ms ?? 300, 1, 10_000);
  const addon = loadAddon();
  return awaitNative(() => addon.measurePeak({ threads, ms }));
}
