// Many memories one after the other: what holds is committed at once and stays, what does not is reported. Not here: how one
// is memorized (memorize.ts), how a text becomes many (lessons/split.ts).
import { performance } from 'node:perf_hooks';
import { EngramError, throwIfCancelled, type ErrorCode } from '../errors.js';
import type { Replaces } from './memorize.js';
import type { BatchItem, BatchReport, MemorizeProgress, MemoryInput, Receipt } from '../brain/index.js';

export interface BatchOptions {
  /** False: each input is one memory as it stands, such as those that memoriesOf() gave. Default true. */
  split?: boolean | undefined;
  onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Aborting keeps what was committed so far and throws `cancelled`, with the report in its details. */
  signal?: AbortSignal | undefined;
  /** As for memorize(). */
  replaces?: Replaces | undefined;
}

export interface BatchProgress {
  /** Which memory, from 0. */
  index: number;
  of: number;
  input: MemoryInput;
  progress: MemorizeProgress;
}

/** Faults of one memory; any other would meet the next one too. */
const OF_ONE: ReadonlySet<ErrorCode> = new Set(['empty', 'too_long', 'diverged', 'usage', 'exists']);

/** @param memorize learns one. Throws what would stop every memory, with the report so far as `details.report`. */
export async function memorizeEach(
  memorize: (input: MemoryInput, onProgress: (progress: MemorizeProgress) => void) => Promise<Receipt>,
  inputs: readonly MemoryInput[],
  { onProgress, signal }: BatchOptions = {},
): Promise<BatchReport> {
  const started = performance.now();
  const memories: BatchItem[] = [];
  for (const [index, input] of inputs.entries()) {
    try {
      throwIfCancelled(signal);
      const receipt = await memorize(input, (progress) => {
        onProgress?.({ index, of: inputs.length, input, progress });
      });
      memories.push({ input, receipt });
    } catch (error) {
      if (!(error instanceof EngramError)) throw error;
      const { code, message, hint, details } = error;
      if (!OF_ONE.has(code)) {
        const report = reportOf(memories, started);
        throw new EngramError(code, message, { hint, cause: error, details: { ...details, report } });
      }
      memories.push({ input, error: { code, message } });
    }
  }
  return reportOf(memories, started);
}

function reportOf(memories: BatchItem[], started: number): BatchReport {
  const committed = memories.filter(({ receipt }) => receipt?.committed === true).length;
  const known = memories.filter(({ receipt }) => receipt?.committed === false && receipt.knownBy !== undefined).length;
  const seconds = (performance.now() - started) / 1000;
  return { memories, committed, known, failed: memories.length - committed - known, seconds };
}
