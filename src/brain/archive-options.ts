// What an import of a brain is told, and what it says afterwards. Not here: importing (archive-read.ts).
import type { Store } from '../store/index.js';
import type { ModelIdentity } from './events.js';

export interface ImportOptions {
  home: string;
  /** Default: the name that the brain had. */
  name?: string | undefined;
  /** The model the brain has to belong to. Left out: any. */
  model?: ModelIdentity | undefined;
  /** Into this store, in place of `home`: an address, or one that is open and stays so. */
  store?: string | Store | undefined;
  onProgress?: ((progress: { doneBytes: number; totalBytes: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImportReport {
  name: string;
  model: ModelIdentity;
  memories: number;
  /** Ids of memories that came without their adapter. */
  damaged: string[];
}
