// The documents of a brain without its chat model: what ingesting and searching need, and no more is loaded for them.
import { readSettings, type GivenSettings } from './config.js';
import type { Embedder } from './embedding/index.js';
import { type Memory } from './brain/index.js';
import { recall, type Recalled, type RecallOptions } from './gate/index.js';
import { LazyEmbedder } from './open-embedder.js';
import { Retrieval } from './retrieval/index.js';

export interface OpenRetrievalOptions extends Pick<
  GivenSettings,
  'home' | 'embedder' | 'brain' | 'threads' | 'offline'
> {
  onProgress?: ((progress: { phase: 'pull'; share: number }) => void) | undefined;
}

export interface OpenedRetrieval {
  retrieval: Retrieval;
  /** Memories (of openBrain) and passages about a question, best first. */
  recall: (question: string, memories: readonly Memory[], options?: RecallOptions) => Promise<Recalled[]>;
  close: () => Promise<void>;
}

/** Opens the documents of a brain; the embedding model is loaded (and pulled, if the catalog has it and it is not installed)
 * when something is to be embedded. Throws `usage`. */
export function openRetrieval({ onProgress, ...given }: OpenRetrievalOptions = {}): OpenedRetrieval {
  const settings = readSettings(given);
  const lazy = new LazyEmbedder({ ...settings, onProgress });
  const embedder = (): Promise<Embedder> => lazy.open();
  const retrieval = new Retrieval({ home: settings.home, brain: settings.brain, embedder });
  return {
    retrieval,
    recall: (question, memories, options) => recall({ memories, retrieval, embedder }, question, options),
    close: async () => {
      await retrieval.close();
      await lazy.close();
    },
  };
}
