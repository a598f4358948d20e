// Work on a shared brain handed over to workers, and followed: no model is loaded here. Not here: the queue (store/jobs.ts), the workers
// (learn/work.ts).
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { openBrain } from './brain/index.js';
import { EngramError, throwIfCancelled } from './errors.js';
import { checkInput, type Task } from './learn/index.js';
import { modelIdentity } from './model-identity.js';
import { Jobs, openStore, type Job } from './store/index.js';

export interface OpenJobsOptions {
  home: string;
  store: string;
  /** Name. Default `default`. */
  brain?: string | undefined;
  /** That a new brain is to belong to. It has to be installed here. */
  model: string;
}

export interface OpenedJobs {
  /** Hands a task over, making the brain if there is none. `request`: with the same one it is the same job, however often it is sent.
   * Throws `not_found` (no brain, and the model is not installed), `empty`, and what a store throws. */
  send: (task: Task, request?: string) => Promise<Job>;
  /** Until it has ended. Cancelling ends the waiting, not the job. Throws `not_found`, `cancelled`. */
  follow: (id: string, options?: FollowOptions) => Promise<Job>;
  list: () => Promise<Job[]>;
  close: () => Promise<void>;
}

interface FollowOptions {
  onChange?: ((job: Job) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks at a job. */
const LOOK_MS = 300;

export async function openJobs({
  home,
  store: address,
  brain: name = 'default',
  model,
}: OpenJobsOptions): Promise<OpenedJobs> {
  const store = await openStore(address);
  const jobs = new Jobs(store);
  const ofBrain = async (): Promise<{ brainId: string; model: string }> => {
    const identity = (await store.find(name)) === undefined ? await modelIdentity(home, model) : undefined;
    const open = { home, name, store };
    const brain = await openBrain(identity === undefined ? open : { ...open, model: identity, create: true });
    const found = { brainId: (await store.find(name))!.id, model: brain.model.sha256 };
    brain.close();
    return found;
  };
  const get = async (id: string): Promise<Job> => {
    const job = await jobs.get(id);
    if (job === undefined) throw new EngramError('not_found', `There is no job ${id}.`);
    return job;
  };
  return {
    send: async ({ kind, ...data }, request) => {
      const task = 'input' in data ? { ...data, input: checkInput(data.input) } : data;
      const brain = await ofBrain();
      const id = request === undefined ? randomUUID() : uuidOf(`${brain.brainId} ${request}`);
      await jobs.send({ id, ...brain, kind, data: JSON.stringify(task) });
      return get(id);
    },
    follow: async (id, { onChange, signal } = {}) => {
      for (let shown = ''; ;) {
        throwIfCancelled(signal);
        const job = await get(id);
        const now = `${job.state} ${job.progress ?? ''}`;
        if (now !== shown) onChange?.(job);
        shown = now;
        if (job.state === 'done' || job.state === 'failed') return job;
        await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    },
    list: () => jobs.list(),
    close: () => store.close(),
  };
}

/** Version 8: bytes of our own. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
