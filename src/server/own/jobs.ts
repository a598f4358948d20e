// What takes long, as jobs that can be looked at: in line, under way with progress, done. They live as long as the server; what
// they changed is in the brain. Not here: fine-tuning, whose jobs outlive it (openai/tuning.ts).
import { randomBytes } from 'node:crypto';
import { AbortError, EngramError } from '../../errors.js';
import type { Context } from '../context.js';
import { HttpError, notFound, overloaded, toHttpError } from '../errors.js';
import type { Caller } from '../keys.js';
import type { JobView } from './schemas.js';

/** Those that are over and still remembered. */
const MOST_OVER = 200;

export interface JobHooks {
  signal: AbortSignal;
  onProgress: (progress: Record<string, unknown>) => void;
  /** Asks whoever follows the job something, and waits for the answer. Throws `cancelled`. */
  ask: (question: unknown) => Promise<readonly string[]>;
}

interface Kept {
  view: JobView;
  caller: string;
  stop: AbortController;
  listeners: Set<(view: JobView) => void>;
  done: Promise<JobView>;
  answer?: (answer: readonly string[]) => void;
}

export class OwnJobs {
  readonly #context: Context;
  readonly #all = new Map<string, Kept>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Starts a job in its turn. It goes on when nobody looks any more, unless `signal` is aborted. Throws 503. */
  start(
    of: Pick<JobView, 'kind' | 'brain'>,
    {
      caller,
      signal,
      onChange,
    }: { caller: Caller; signal?: AbortSignal | undefined; onChange?: ((view: JobView) => void) | undefined },
    action: (hooks: JobHooks) => Promise<unknown>,
  ): { view: JobView; done: Promise<JobView> } {
    if (this.#context.jobs.isFull) throw overloaded();
    const id = `job-${randomBytes(8).toString('hex')}`;
    const stop = new AbortController();
    const view: JobView = { id, ...of, status: 'queued', createdAt: new Date().toISOString() };
    const kept: Kept = {
      view,
      caller: caller.id,
      stop,
      listeners: new Set(onChange === undefined ? [] : [onChange]),
      done: Promise.resolve(view),
    };
    const signals = [stop.signal, this.#context.stopping, ...(signal === undefined ? [] : [signal])];
    kept.done = this.#run(kept, AbortSignal.any(signals), action);
    this.#all.set(id, kept);
    this.#forgetOld();
    return { view: kept.view, done: kept.done };
  }

  list({ id, scope }: Caller): JobView[] {
    return [...this.#all.values()].filter(({ caller }) => scope === 'admin' || caller === id).map(({ view }) => view);
  }

  /** Throws 404, also for somebody else's. */
  find(id: string, caller: Caller): JobView {
    return this.#find(id, caller).view;
  }

  async cancel(id: string, caller: Caller): Promise<JobView> {
    const kept = this.#find(id, caller);
    kept.stop.abort();
    return kept.done;
  }

  /** Throws 404, and 409 where nothing was asked. */
  answer(id: string, answer: readonly string[], caller: Caller): JobView {
    const kept = this.#find(id, caller);
    if (kept.answer === undefined) throw new HttpError(409, 'conflict_error', 'This job has asked nothing.');
    kept.answer(answer);
    return kept.view;
  }

  /** Tells every change until it is over. Settles with its last state. */
  async follow(id: string, caller: Caller, onChange: (view: JobView) => void, signal: AbortSignal): Promise<JobView> {
    const kept = this.#find(id, caller);
    onChange(kept.view);
    kept.listeners.add(onChange);
    const gone = new Promise<JobView>((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          resolve(kept.view);
        },
        { once: true },
      );
    });
    const last = await Promise.race([kept.done, gone]);
    kept.listeners.delete(onChange);
    return last;
  }

  #find(id: string, caller: Caller): Kept {
    const kept = this.#all.get(id);
    if (kept === undefined || (caller.scope !== 'admin' && kept.caller !== caller.id))
      throw notFound(`There is no job ${JSON.stringify(id.slice(0, 64))}.`);
    return kept;
  }

  async #run(kept: Kept, signal: AbortSignal, action: (hooks: JobHooks) => Promise<unknown>): Promise<JobView> {
    const { jobs, events, log } = this.#context;
    const set = (changes: Partial<JobView>, without?: 'place' | 'asks'): void => {
      kept.view = { ...kept.view, ...changes };
      if (without === 'place') delete kept.view.place;
      if (without === 'asks') delete kept.view.asks;
      for (const listener of kept.listeners) listener(kept.view);
    };
    const ask = async (question: unknown): Promise<readonly string[]> => {
      const answered = new Promise<readonly string[]>((resolve, reject) => {
        kept.answer = resolve;
        signal.addEventListener('abort', () => {
          reject(new AbortError());
        });
      });
      set({ asks: question });
      try {
        return await answered;
      } finally {
        delete kept.answer;
        set({}, 'asks');
      }
    };
    try {
      const result = await jobs.run(
        {
          caller: kept.caller,
          signal,
          onPlace: (place) => {
            set({ place });
          },
        },
        () => {
          set({ status: 'running' }, 'place');
          return action({
            ...{ signal, ask },
            onProgress: (progress) => {
              set({ progress });
            },
          });
        },
      );
      set({ status: 'done', endedAt: new Date().toISOString(), result });
    } catch (error) {
      const isCancelled = signal.aborted || (error instanceof EngramError && error.code === 'cancelled');
      const fault = toHttpError(error);
      if (fault.status >= 500)
        log({ event: 'job', job: kept.view.id, stack: error instanceof Error ? error.stack : String(error) });
      set({
        ...{ status: isCancelled ? 'cancelled' : 'failed', endedAt: new Date().toISOString() },
        ...(isCancelled ? {} : { error: { code: fault.extras.code ?? fault.type, message: fault.message } }),
        ...(error instanceof EngramError ? { fault: error.toJSON() } : {}),
      });
    }
    const { id, kind, brain, status } = kept.view;
    events.emit({ type: `${kind}.${status}`, job: id, ...(brain === undefined ? {} : { brain }) });
    return kept.view;
  }

  #forgetOld(): void {
    const over = [...this.#all.values()].filter(({ view }) => view.endedAt !== undefined);
    for (const { view } of over.slice(0, Math.max(0, over.length - MOST_OVER))) this.#all.delete(view.id);
  }
}
