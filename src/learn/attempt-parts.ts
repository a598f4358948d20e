// What an attempt works with, and what it gives. Not here: the attempt itself (attempt.ts).
import type { Brain, MemorizeProgress, Receipt } from '../brain/index.js';
import type { Router } from '../gate/index.js';
import type { Generator } from '../inference/index.js';
import type { BaseModel } from '../training/index.js';
import type { Lesson } from './lessons/index.js';

export interface Memorizer {
  brain: Brain;
  router: Router;
  generator: Generator;
  /** The resident weights; loaded at the first memory. */
  baseModel: () => Promise<BaseModel>;
  /** Folder for what can be made again. */
  cache: string;
}

export interface AttemptOptions {
  onProgress?: (progress: MemorizeProgress) => void;
  /** Aborting leaves the brain as it was. */
  signal?: AbortSignal | undefined;
}

/** What an attempt is judged as. */
export interface Place {
  id: string;
  /** Where its adapter is written. */
  path: string;
  /** Memories that are as good as gone: those it replaces, or itself as it was. */
  without: ReadonlySet<string>;
  /** Train even if everything is answered right already. */
  always: boolean;
  /** Questions of what it replaces, with the answers that must not come any more. */
  replaced: readonly Lesson[];
  /** Trained until it is held more surely. Default false. */
  careful?: boolean;
}

/** What an attempt gave. The adapter file stands where its place says; nothing is committed. */
export interface Attempted {
  /** Its `committed` says whether the memory holds. */
  receipt: Receipt;
  data: Record<string, unknown>;
}
