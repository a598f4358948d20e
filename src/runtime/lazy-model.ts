// A model by its name, as the settings want it: pulled if need be, and loaded when it is first needed, once for all. Not here: what is
// done with it.
import { defined } from '../defined.js';
import { AbortError, throwIfCancelled } from '../errors.js';
import type { Generator } from '../inference/index.js';
import { ensureModel, modelSha256, type ResolvedModel } from '../models/index.js';
import type { Settings } from '../options/index.js';
import { BaseModels } from './base-models.js';
import type { OpenOptions } from './options.js';

export interface OpenedModel {
  resolved: ResolvedModel;
  generator: Generator;
  bases: BaseModels;
}

type Around = Pick<OpenOptions, 'onProgress' | 'signal'>;

export class LazyModel {
  readonly #settings: Settings;
  readonly #around: Around;
  readonly #closing = new AbortController();
  #opening: Promise<OpenedModel> | undefined;
  #opened: OpenedModel | undefined;

  /** `signal` ends a loading, whoever waits for it. */
  constructor(settings: Settings, { onProgress, signal }: Around) {
    this.#settings = settings;
    const either = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    this.#around = { onProgress, signal: either };
  }

  /** None until it was needed. */
  get opened(): OpenedModel | undefined {
    return this.#opened;
  }

  /** Calls that overlap share the loading, and each can be cancelled by itself. Throws as Engram.open(); the next call tries again. */
  async open(signal?: AbortSignal): Promise<OpenedModel> {
    throwIfCancelled(signal);
    throwIfCancelled(this.#closing.signal);
    if (this.#opened !== undefined) return this.#opened;
    this.#opening ??= load(this.#settings, this.#around).then(
      (opened) => (this.#opened = opened),
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return unlessAborted(this.#opening, signal);
  }

  /** Gives up what is loading: it would come to nobody. */
  cancel(): void {
    this.#closing.abort();
    this.#opened?.bases.cancel();
  }

  async closeGenerator(): Promise<void> {
    await (await this.#opening?.catch(() => undefined))?.generator.close();
  }

  closeBases(): void {
    this.#opened?.bases.close();
  }
}

async function load(settings: Settings, { onProgress, signal }: Around): Promise<OpenedModel> {
  const onPull = (share: number): void => onProgress?.({ phase: 'pull', share });
  const resolved = await ensureModel(settings, settings.model, 'chat', onPull, signal);
  const { loadGenerator, readChatTemplate } = await import('../inference/index.js'); // heavy: what needs no model does not wait for it
  const { home, gpu, verbose, contextSize, threads, gpuLayers, parallel, idleUnload, compute } = settings;
  const template = settings.chatTemplate ?? resolved.entry?.chatTemplate;
  const chatTemplate = template === undefined ? undefined : readChatTemplate(template);
  // Asked for only where a CPU computes, so training is loaded only there.
  const ownWeights = async (cancel: AbortSignal | undefined) => {
    const { openOwnWeights } = await import('../training/index.js');
    return openOwnWeights(resolved.path, { threads, signal: cancel });
  };
  const generator = await loadGenerator(resolved.path, {
    gpu,
    verbose,
    ...defined({ contextSize, threads, gpuLayers, parallel, idleUnload, chatTemplate, signal }),
    ...(compute === 'auto' ? { ownWeights } : {}),
    modelSha256: () => modelSha256(home, resolved.path),
    onProgress: (share) => onProgress?.({ phase: 'model', share }),
  });
  return { resolved, generator, bases: new BaseModels(resolved.path, threads) };
}

/** One who no longer waits does not end what others wait for. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => undefined); // it may come to nobody
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new AbortError('', { cause: signal.reason }));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
