// A worker: takes jobs of a store and does them on whatever brain they are of. What a job gives and its end are one transaction, so it
// is done once, however often it is begun. Not here: the queue (store/jobs.ts), the learning (memorize.ts, rebuild.ts, sleep.ts).
import { setTimeout as wait } from 'node:timers/promises';
import { EngramError, throwIfCancelled, type ErrorCode } from '../errors.js';
import { isObject } from '../is-object.js';
import { openBrain, type Brain, type MemorizeProgress, type MemoryInput, type ModelIdentity } from '../brain/index.js';
import { MOST_ATTEMPTS, type Job, type Jobs, type Queries, type Store, type StoredEvent } from '../store/index.js';
import type { AttemptOptions, Memorizer } from './attempt-parts.js';
import { checkInput } from './lessons/index.js';
import { memorize } from './memorize.js';
import { rebuild } from './rebuild.js';
import { sleep } from './sleep.js';

/** What a job asks for. */
export type Task =
  | { kind: 'memorize'; input: MemoryInput; replaces?: 'auto' | 'none' | string[] }
  | { kind: 'rebuild'; damagedOnly?: boolean }
  | { kind: 'sleep'; minutes?: number };

export interface Workplace {
  store: Store;
  jobs: Jobs;
  home: string;
  /** Only jobs of brains that belong to it are taken. */
  model: ModelIdentity;
  /** Does what a job asks for: learnerOver(). */
  learn: Learner;
}

/** Commits what comes of a task to the brain, and gives what the job's end says of it. */
export type Learner = (brain: Brain, task: Task, options: AttemptOptions) => Promise<object>;

export interface WorkOptions {
  /** Who works, for people. Default: the machine's name and the process. */
  worker: string;
  /** End when nothing is left to do. Default false: wait for more. */
  once?: boolean | undefined;
  /** Seconds after which a worker that gave no sign is given up. Default 20; a sign comes in a third of that. */
  leaseSeconds?: number | undefined;
  /** Seconds between two looks for work. Default 1. */
  pollSeconds?: number | undefined;
  onJob?: ((job: Job) => void) | undefined;
  onProgress?: ((job: Job, progress: MemorizeProgress) => void) | undefined;
  onEnd?: ((job: Job, outcome: Outcome) => void) | undefined;
  /** When there is nothing left to do: how many jobs wait for a worker with another model, if any. */
  onOthers?: ((count: number) => void) | undefined;
  /** Aborting ends the work: the job in hand goes back to the others. */
  signal?: AbortSignal | undefined;
}

/** `given back`: another worker may do better, or this one later. `lost`: another had it already. */
export type Outcome =
  { became: 'done' } | { became: 'failed' | 'given back' | 'lost'; code: ErrorCode; message: string };

export interface WorkReport {
  done: number;
  failed: number;
  givenBack: number;
  lost: number;
}

/** Faults of the job itself; any other may pass, or is this machine's. */
const OF_JOB: ReadonlySet<ErrorCode> = new Set(['empty', 'too_long', 'diverged', 'usage', 'exists', 'not_found']);
/** Seconds before a job that was given back is taken again. */
const PAUSE = 5;

/** Ends with `once`, or when aborted. Throws what a store throws that is away when the work begins. */
export async function work(place: Workplace, options: WorkOptions): Promise<WorkReport> {
  const { worker, once = false, leaseSeconds = 20, pollSeconds = 1, signal } = options;
  if (!(leaseSeconds > 0 && pollSeconds > 0)) {
    throw new EngramError('usage', `Expected more than 0 seconds for the lease but received ${leaseSeconds}.`);
  }
  const report: WorkReport = { done: 0, failed: 0, givenBack: 0, lost: 0 };
  await place.store.ready();
  let wasBusy = true;
  while (signal?.aborted !== true) {
    const job = await place.jobs.take(worker, place.model.sha256, leaseSeconds).catch(ifAway);
    if (job === undefined) {
      const others = wasBusy ? ((await place.jobs.waitingForOthers(place.model.sha256).catch(ifAway)) ?? 0) : 0;
      if (others > 0) options.onOthers?.(others);
      wasBusy = false;
      if (once) break;
      await wait(pollSeconds * 1000, undefined, { signal }).catch(() => undefined);
      continue;
    }
    wasBusy = true;
    options.onJob?.(job);
    const outcome = await doJob(place, job, options, leaseSeconds);
    if (outcome.became === 'done') report.done++;
    else if (outcome.became === 'failed') report.failed++;
    else if (outcome.became === 'lost') report.lost++;
    else report.givenBack++;
    options.onEnd?.(job, outcome);
  }
  return report;
}

/** A store that is away comes back: the worker waits for it. */
function ifAway(error: unknown): undefined {
  if (error instanceof EngramError && (error.code === 'network' || error.code === 'locked')) return undefined;
  throw error;
}

async function doJob(place: Workplace, job: Job, options: WorkOptions, leaseSeconds: number): Promise<Outcome> {
  const { jobs } = place;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  let progress: MemorizeProgress | undefined;
  // Trained on without a lease nothing could be committed any more, so that ends too. A store that is away may be back in time.
  const beating = setInterval(
    () => {
      jobs.beat(job, leaseSeconds, progress).then(
        (isOurs) => {
          if (!isOurs) over.abort();
        },
        () => undefined,
      );
    },
    (leaseSeconds * 1000) / 3,
  );
  try {
    await perform(place, job, signal, (step) => {
      progress = step;
      options.onProgress?.(job, step);
    });
    return { became: 'done' };
  } catch (error) {
    return await ended(jobs, job, over.signal.aborted ? 'lost' : 'error', error);
  } finally {
    clearInterval(beating);
  }
}

/** Tells the queue what became of a job that did not go well. */
async function ended(jobs: Jobs, job: Job, how: 'lost' | 'error', error: unknown): Promise<Outcome> {
  const { code, message, details } =
    error instanceof EngramError ? error : { code: 'internal' as const, message: String(error), details: undefined };
  if (how === 'lost' || (code === 'locked' && details?.['job'] === job.id)) return { became: 'lost', code, message };
  try {
    if (OF_JOB.has(code) || (code !== 'cancelled' && job.attempt >= MOST_ATTEMPTS)) {
      await jobs.end(job, 'failed', { code, message });
      return { became: 'failed', code, message };
    }
    await jobs.giveBack(job, code === 'cancelled' ? 0 : PAUSE, { code, message });
  } catch (second) {
    ifAway(second); // its lease ends by itself
  }
  return { became: 'given back', code, message };
}

async function perform(
  { store, jobs, home, model, learn }: Workplace,
  job: Job,
  signal: AbortSignal,
  onProgress: (progress: MemorizeProgress) => void,
): Promise<void> {
  const task = readTask(job);
  const ended = { already: false };
  const also = async (queries: Queries, written: readonly StoredEvent[]): Promise<void> => {
    const told = written.find(({ kind }) => kind === 'remembered' || kind === 'rolled_back');
    if (task.kind !== 'memorize' || told === undefined) return jobs.hold(queries, job);
    await jobs.end(job, 'done', (JSON.parse(told.payload) as { receipt: object }).receipt, queries);
    ended.already = true;
  };
  const brain = await openBrain({ home, name: job.name, model, store, also });
  try {
    throwIfCancelled(signal);
    const result = await learn(brain, task, { signal, onProgress }).catch((error: unknown) => {
      if (!ended.already) throw error;
    });
    // Once it is committed it is done, also if a sign of life that came after that found the job ended.
    if (ended.already || result === undefined) return;
    throwIfCancelled(signal);
    await jobs.end(job, 'done', result);
  } finally {
    brain.close();
  }
}

/** Learning with a model. `partsOf`: what it needs beside the brain. */
export function learnerOver(partsOf: (brain: Brain) => Memorizer): Learner {
  return async (brain, task, { signal, onProgress }) => {
    const parts = partsOf(brain);
    const step = { signal, onProgress: (at: { step: MemorizeProgress }) => onProgress?.(at.step) };
    if (task.kind === 'rebuild') return rebuild(parts, { ...step, damagedOnly: task.damagedOnly });
    if (task.kind === 'sleep') return sleep(parts, { ...step, minutes: task.minutes });
    const more = { signal, ...(onProgress === undefined ? {} : { onProgress }) };
    return memorize(parts, checkInput(task.input), { ...more, replaces: task.replaces ?? 'none' });
  };
}

/** Throws `usage` for what no engram of this version sends. */
function readTask({ kind, data }: Job): Task {
  const given: unknown = JSON.parse(data);
  if (isObject(given) && ['memorize', 'rebuild', 'sleep'].includes(kind)) return { ...given, kind } as unknown as Task;
  throw new EngramError('usage', `This engram does no jobs of the kind ${kind}.`, { hint: 'Update the worker.' });
}
