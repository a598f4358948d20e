// Base models resident for training. Packing the weights takes seconds and much memory, so all who open the same file at the
// same precision share one copy; it is freed when the last of them, trainers included, has closed. Nothing is trained here.
import { realpath, stat } from 'node:fs/promises';
import { awaitNative, callNative } from '../addon.js';
import { EngramError, fromSystemError, throwIfCancelled } from '../errors.js';
import { ggufPaths } from '../models/index.js';
import { checkOneOf, checkWhole, refuse } from './checks.js';
import { cpuInfo, kernelsFor } from './device.js';
import { findGgml } from './ggml.js';
import { loadAddon, type NativeModel, type Precision } from './native.js';
import { resolveLora, resolveOptimizer } from './options.js';
import { LoraTrainer } from './trainer.js';
import type { BaseModel, BaseModelInfo, LoraOptions, OptimizerOptions, Trainer } from './types.js';

export interface OpenBaseModelOptions {
  /** How the weights are held. Default: what is fastest on this CPU. */
  precision?: Precision;
  /** Threads to load and train with. Default: those the machine offers. */
  threads?: number;
  /** Share of the weights that is loaded, 0 to 1. Not called when they are resident already. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal | undefined;
}

/** Makes the weights of a GGUF resident, or shares those that are. Throws `not_found`, `corrupt`, `unsupported` (not a
 * language model, or an architecture that cannot be trained), `memory`, `native`, `cancelled`. */
export async function openBaseModel(path: string, options: OpenBaseModelOptions = {}): Promise<BaseModel> {
  const { shared, native, threads } = await join(path, options);
  return new ResidentModel(shared, native, threads);
}

/** The weights alone, until leave(). Throws as openBaseModel(). */
export async function openResident(
  path: string,
  options: OpenBaseModelOptions = {},
): Promise<{ native: NativeModel; leave: () => void }> {
  const { shared, native } = await join(path, options);
  let isHeld = true;
  const leave = (): void => {
    if (isHeld) shared.leave();
    isHeld = false;
  };
  return { native, leave };
}

async function join(
  path: string,
  options: OpenBaseModelOptions,
): Promise<{ shared: Resident; native: NativeModel; threads: number }> {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) refuse('path', 'a path', path);
  const { signal, onProgress } = options;
  const { precision = cpuInfo().precision } = options;
  checkOneOf('precision', precision, ['f32', 'f16', 'bf16', 'int8']);
  const threads = checkWhole('threads', options.threads ?? cpuInfo().threads, 1, 1024);
  throwIfCancelled(signal);
  const key = await keyOf(path, precision);
  for (;;) {
    const shared = residents.get(key) ?? load(key, path, precision, threads);
    const native = await shared.join(onProgress, signal);
    if (native !== undefined) return { shared, native, threads };
    // It was given up by those who loaded it just as we joined: load it ourselves.
  }
}

/** A file that was replaced is another model. */
async function keyOf(path: string, precision: Precision): Promise<string> {
  try {
    const parts = ggufPaths(path).map(async (part) => {
      const real = await realpath(part);
      const { mtimeMs, size, ino } = await stat(real);
      return [real, mtimeMs, size, ino];
    });
    return JSON.stringify([await Promise.all(parts), precision]);
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

const residents = new Map<string, Resident>();

function load(key: string, path: string, precision: Precision, threads: number): Resident {
  const addon = loadAddon();
  const ggml = findGgml();
  const resident = new Resident(
    (onProgress) => awaitNative(() => addon.openModel(path, ggml, { precision, threads }, onProgress)),
    () => {
      if (residents.get(key) === resident) residents.delete(key);
    },
  );
  residents.set(key, resident);
  return resident;
}

/** One copy of the weights and how many use it. */
class Resident {
  readonly #loading: Promise<NativeModel>;
  readonly #onGone: () => void;
  readonly #watchers = new Set<(share: number) => void>();
  #users = 0;
  #givenUp = false;

  constructor(load: (onProgress: (share: number) => boolean) => Promise<NativeModel>, onGone: () => void) {
    this.#onGone = onGone;
    this.#loading = load((share) => {
      for (const watch of this.#watchers) watch(share);
      return !this.#givenUp;
    });
    this.#loading.catch(onGone);
  }

  /** Waits for the weights and counts the caller as a user until leave(). Loading goes on while anybody waits for it.
   * Undefined: all others had cancelled before. Throws `cancelled` when the signal is aborted. */
  async join(
    onProgress: ((share: number) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<NativeModel | undefined> {
    if (this.#givenUp) return undefined;
    this.#users++;
    const stop = new AbortController();
    try {
      return await Promise.race([this.#loading, this.#interruption(onProgress, signal, stop.signal)]);
    } catch (error) {
      this.leave();
      throw error;
    } finally {
      stop.abort();
    }
  }

  /** Reports progress until `stop`; rejects when the caller's signal is aborted or its callback throws. */
  #interruption(
    onProgress: ((share: number) => void) | undefined,
    signal: AbortSignal | undefined,
    stop: AbortSignal,
  ): Promise<never> {
    return new Promise((_, reject) => {
      const abort = (): void => {
        reject(new EngramError('cancelled', 'Cancelled.', { cause: signal?.reason }));
      };
      const watch = (share: number): void => {
        try {
          onProgress?.(share);
        } catch (error) {
          reject(error instanceof Error ? error : new EngramError('internal', String(error)));
        }
      };
      this.#watchers.add(watch);
      stop.addEventListener('abort', () => this.#watchers.delete(watch));
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true, signal: stop });
    });
  }

  enter(): void {
    this.#users++;
  }

  leave(): void {
    if (--this.#users > 0) return;
    this.#givenUp = true;
    this.#onGone();
    this.#loading.then(
      (model) => {
        model.close();
      },
      () => undefined,
    );
  }
}

class ResidentModel implements BaseModel {
  readonly info: BaseModelInfo;
  readonly #resident: Resident;
  readonly #native: NativeModel;
  readonly #threads: number;
  #closed = false;

  constructor(resident: Resident, native: NativeModel, threads: number) {
    this.#resident = resident;
    this.#native = native;
    this.#threads = threads;
    this.info = Object.freeze({ ...native.info, kernels: kernelsFor(native.info.precision) });
  }

  newTrainer(lora: LoraOptions = {}, optimizer: OptimizerOptions = {}, memoryLimit?: number): Trainer {
    if (this.#closed) throw new EngramError('usage', 'The model is closed.');
    const native = callNative(() =>
      this.#native.createTrainer(
        resolveLora(lora, this.info.layers),
        resolveOptimizer(optimizer),
        this.#threads,
        memoryLimit,
      ),
    );
    this.#resident.enter();
    return new LoraTrainer(native, this.info, () => {
      this.#resident.leave();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#resident.leave();
  }
}
