// A graph in a thread of its own (worker.mjs), as promises. An idle one keeps no process alive. Not here: which graph, and what
// its numbers mean.
import { Worker } from 'node:worker_threads';
import { EngramError } from '../errors.js';

/** Hidden states of texts of one length: [texts, tokens, size]. */
export interface HiddenStates {
  data: Float32Array;
  size: number;
}

interface Reply {
  id: number;
  answer?: unknown;
  error?: { message: string; code?: string };
}

/** Milliseconds that the end of the process waits for what is being computed; that takes a tenth of it. */
const END_MS = 5_000;

const THREAD = new URL('./worker.mjs', import.meta.url);

export class Session {
  readonly #worker: Worker;
  /** [whether something native runs in the thread, whether nothing more may], shared with it. */
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  /** onnxruntime aborts the process if its thread is ended in the middle. */
  readonly #atExit = (): void => {
    Atomics.store(this.#state, 1, 1);
    Atomics.wait(this.#state, 0, 1, END_MS);
  };
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>();
  #next = 0;
  #closed: Promise<void> | undefined;
  #why: Error | undefined;

  private constructor(thread: URL) {
    this.#worker = new Worker(thread, {
      name: 'engram-embedding',
      workerData: { state: this.#state.buffer },
    });
    process.on('exit', this.#atExit);
    this.#worker.on('message', ({ id, answer, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      this.#setBusy();
      if (error === undefined) waiting?.resolve(answer as never);
      else waiting?.reject(error.code === 'native' ? withoutRuntime(error.message) : new Error(error.message));
    });
    this.#worker.on('error', (error: Error) => {
      this.#fail(withoutThread(error));
    });
    this.#worker.on('exit', () => {
      this.#fail(withoutThread());
    });
    this.#setBusy();
  }

  /** `model`: the path of a graph, or its bytes, which are then gone here; `thread`: the program that computes. Throws `native`
   * (it or onnxruntime does not run here), and an Error in onnxruntime's words where it does not take the graph. */
  static async open(model: string | Uint8Array, threads: number, thread = THREAD): Promise<Session> {
    const session = new Session(thread);
    try {
      await session.#ask('open', { model, threads }, typeof model === 'string' ? [] : [model.buffer as ArrayBuffer]);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** `ids`: token ids of `texts` texts of one length, one after another; gone here afterwards. */
  run(ids: BigInt64Array, texts: number): Promise<HiddenStates> {
    return this.#ask('run', { ids, texts }, [ids.buffer as ArrayBuffer]);
  }

  /** Ends the thread, after what it is doing. */
  close(): Promise<void> {
    this.#closed ??= this.#ask('close', {}).then(
      () => undefined,
      () => undefined, // it has ended already
    );
    return this.#closed;
  }

  #ask<T>(action: string, message: object, transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.#why !== undefined) return Promise.reject(this.#why);
    return new Promise<T>((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#setBusy();
      this.#worker.postMessage({ id, action, ...message }, transfer);
    });
  }

  #setBusy(): void {
    if (this.#waiting.size > 0) this.#worker.ref();
    else this.#worker.unref();
  }

  #fail(error: Error): void {
    this.#why ??= error;
    process.off('exit', this.#atExit);
    for (const { reject } of this.#waiting.values()) reject(this.#why);
    this.#waiting.clear();
  }
}

function withoutRuntime(why: string): EngramError {
  return new EngramError('native', 'onnxruntime, which computes embeddings, cannot be loaded on this machine.', {
    hint: 'Install the dependencies again (`npm ci`).',
    cause: why,
  });
}

function withoutThread(cause?: Error): EngramError {
  const why = cause === undefined ? '' : `: ${cause.message.replace(/\.$/, '')}`;
  return new EngramError('native', `The thread that computes embeddings has ended${why}.`, {
    hint: 'Where a file of engram is missing, install it again; in a checkout `npm run build` makes it.',
    cause,
  });
}
