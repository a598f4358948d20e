// Passages that answered several questions become memories in sleep, so that what is asked again and again needs no passage in the
// prompt: each as memorize() learns a text, asked before and after, committed or not. Not here: which passages (retrieval/use.ts),
// and when (sleep.ts).
import { performance } from 'node:perf_hooks';
import { EngramError } from '../errors.js';
import { memorizeEach } from './batch.js';
import { memoriesOf } from './lessons/index.js';
import type { Memorizer } from './attempt-parts.js';
import { memorize } from './memorize.js';
import type { BatchReport, MemorizeProgress, MemoryInput } from '../brain/index.js';

/** Different questions that a passage answered, from which on it is worth the training. */
export const WELL_USED = 3;

/** A passage that is due. */
export interface PassagePlan {
  text: string;
  /** Where it is from as a person names it. */
  place: string;
  questions: number;
}

export interface PassageOutcome extends PassagePlan {
  /** Ids of the memories that it became. */
  memories: string[];
  /** Parts that were answered already, and parts that were rolled back or could not be tried. */
  known: number;
  failed: number;
  seconds: number;
}

/** Throws what would meet every passage; `cancelled` with the outcome so far as `details.outcome`: what is committed stays. */
export async function learnPassage(
  parts: Memorizer,
  plan: PassagePlan,
  options: { signal: AbortSignal | undefined; onProgress: (progress: MemorizeProgress) => void },
): Promise<PassageOutcome> {
  const { signal } = options;
  const started = performance.now();
  const outcome = ({
    memories,
    known,
    failed,
  }: Pick<BatchReport, 'memories' | 'known' | 'failed'>): PassageOutcome => ({
    ...plan,
    memories: memories.flatMap(({ receipt }) => (receipt?.committed === true ? [receipt.id] : [])),
    ...{ known, failed, seconds: (performance.now() - started) / 1000 },
  });
  try {
    return outcome(
      await memorizeEach(
        (input, onProgress) => memorize(parts, input, { onProgress, signal }),
        inputsOf(plan).filter((input) => !isTakenBack(parts, input)),
        {
          signal,
          onProgress: ({ progress }) => {
            options.onProgress(progress);
          },
        },
      ),
    );
  } catch (error) {
    if (!(error instanceof EngramError) || error.code !== 'cancelled') throw error;
    const soFar = outcome(error.details?.['report'] as BatchReport);
    throw new EngramError('cancelled', error.message, { cause: error, details: { outcome: soFar } });
  }
}

/** What the user forgot or replaced is not learned again behind their back. */
function isTakenBack({ brain }: Memorizer, input: MemoryInput): boolean {
  return typeof input === 'string' && brain.byText(input).some(({ state }) => state !== 'remembered');
}

/** None where it says nothing by itself, such as a table of numbers. */
function inputsOf({ text }: PassagePlan): MemoryInput[] {
  try {
    return memoriesOf({ text });
  } catch (error) {
    if (error instanceof EngramError && error.code === 'empty') return [];
    throw error;
  }
}
