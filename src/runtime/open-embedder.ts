// An embedding model by its name, with what the catalog knows of it, all cores, and the cache of vectors: as engram itself and
// whoever uses it want it, at once or when it is first needed. Not here: how it works (embedding/).
import { availableParallelism } from 'node:os';
import { defined } from '../defined.js';
import type { Dtype, Embedder } from '../embedding/index.js';
import { ensureModel } from '../models/index.js';
import { settle, type GivenSettings } from '../options/index.js';

export interface OpenEmbedderOptions extends Pick<GivenSettings, 'home' | 'embedder' | 'threads' | 'offline'> {
  /** Precision. Default: the one that the catalog names, else the first there is of q4, q8 and fp32. */
  dtype?: Dtype | undefined;
  onProgress?: ((progress: { phase: 'pull'; share: number }) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Opens an embedding model; it is pulled if the catalog has it and it is not installed. Vectors of passages are kept in
 * `<home>/cache`, so that a text is computed once; those of queries are not. Close it when done. Throws `usage`, `not_found`,
 * `offline`, `network`, `corrupt`, `unsupported`, `native`, `cancelled`. */
export async function openEmbedder({
  dtype,
  onProgress,
  signal,
  ...given
}: OpenEmbedderOptions = {}): Promise<Embedder> {
  const settings = settle(defined(given));
  const onPull = (share: number): void => onProgress?.({ phase: 'pull', share });
  const { path, entry } = await ensureModel(settings, settings.embedder, 'embedding', onPull, signal);
  const { loadEmbedder } = await import('../embedding/index.js'); // heavy
  const threads = settings.threads ?? availableParallelism();
  return loadEmbedder({ folder: path, card: entry?.embedding, dtype, threads, cacheIn: settings.home });
}

/** An embedding model that is opened when it is first needed, once for all. */
export class LazyEmbedder {
  readonly #options: OpenEmbedderOptions;
  #opening: Promise<Embedder> | undefined;

  constructor({ home, embedder, threads, offline, onProgress }: OpenEmbedderOptions) {
    this.#options = { home, embedder, threads, offline, onProgress };
  }

  /** Throws as openEmbedder(); the next call tries again. */
  open(): Promise<Embedder> {
    this.#opening ??= openEmbedder(this.#options).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    await (await this.#opening?.catch(() => undefined))?.close();
  }
}
