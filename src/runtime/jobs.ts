// `engram.jobs`: work on a shared brain, handed over to workers, followed, and done. Not here: the queue (store/jobs.ts), how a worker
// works (learn/work.ts).
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { openBrain } from '../brain/index.js';
import { EngramError, throwIfCancelled } from '../errors.js';
import { checkInput, learnerOver, work, type Task, type WorkOptions, type WorkReport } from '../learn/index.js';
import { Jobs as Queue, type Job, type Store } from '../store/index.js';
import { modelIdentity } from './model-identity.js';
import type { Parts } from './parts.js';

export interface FollowOptions {
  onChange?: ((job: Job) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks at a job. */
const LOOK_MS = 300;

/** All of it throws `usage` without the setting `store`, and what a store throws. */
export class Jobs {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Hands a task over, making the brain if there is none; no model is loaded. `request`: with the same one it is the same job, however
   * often it is sent. Throws `not_found` (no brain, and the model is not installed), `empty`. */
  async send({ kind, ...data }: Task, request?: string): Promise<Job> {
    const task = 'input' in data ? { ...data, input: checkInput(data.input) } : data;
    const store = await this.#parts.store();
    const brain = await this.#brainIn(store);
    const id = request === undefined ? randomUUID() : uuidOf(`${brain.brainId} ${request}`);
    await new Queue(store).send({ id, ...brain, kind, data: JSON.stringify(task) });
    return this.get(id);
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<Job> {
    const job = await (await this.#queue()).get(id);
    if (job === undefined) throw new EngramError('not_found', `There is no job ${id}.`);
    return job;
  }

  /** Until it has ended. Cancelling ends the waiting, not the job. Throws `not_found`, `cancelled`. */
  async follow(id: string, { onChange, signal }: FollowOptions = {}): Promise<Job> {
    for (let shown = ''; ;) {
      throwIfCancelled(signal);
      const job = await this.get(id);
      const now = `${job.state} ${job.progress ?? ''}`;
      if (now !== shown) onChange?.(job);
      shown = now;
      if (job.state === 'done' || job.state === 'failed') return job;
      await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** The latest, latest first. */
  async list(): Promise<Job[]> {
    return (await this.#queue()).list();
  }

  /** Does jobs, on whatever brains they are of that belong to this model, until it is aborted: see learn/work.ts. */
  async work(options: WorkOptions): Promise<WorkReport> {
    const parts = this.#parts;
    const store = await parts.store();
    const { signal } = options;
    await store.ready(); // what is wrong with it is said before a model is loaded
    const model = await parts.identity(signal);
    const opened = await parts.model.open(signal);
    const place = {
      ...{ store, jobs: new Queue(store), home: parts.settings.home, model },
      learn: learnerOver((brain) => parts.memorizerOver({ brain, router: parts.routerOf(brain) }, opened, signal)),
    };
    return work(place, options);
  }

  async #queue(): Promise<Queue> {
    return new Queue(await this.#parts.store());
  }

  async #brainIn(store: Store): Promise<{ brainId: string; model: string }> {
    const { home, brain: name, model } = this.#parts.settings;
    const identity = (await store.find(name)) === undefined ? await modelIdentity(home, model) : undefined;
    const open = { home, name, store };
    const brain = await openBrain(identity === undefined ? open : { ...open, model: identity, create: true });
    const found = { brainId: (await store.find(name))!.id, model: brain.model.sha256 };
    brain.close();
    return found;
  }
}

/** Version 8: bytes of our own. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
