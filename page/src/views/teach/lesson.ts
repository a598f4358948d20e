// The lesson that is under way, wherever the reader goes meanwhile: asks before, has the server learn, asks after. A reload finds it
// again on the server. Not here: how it looks.
import {
  cancelJob,
  chat,
  followJob,
  jobs,
  teach,
  undo,
  type Grounds,
  type Job,
  type MemorizeProgress,
  type Receipt,
  type Teaching,
} from '../../api.js';
import { ApiError } from '../../api-error.js';
import { createStore } from '../../store.js';
import { learningAfter, NOTHING_LEARNED, type Learning } from './phases.js';

export interface Asked {
  text: string;
  grounds: Grounds | undefined;
  isDone: boolean;
  error?: unknown;
}

export interface Lesson {
  brain: string;
  title: string;
  /** What is asked before and after; empty: nothing. */
  question: string;
  before: Asked | undefined;
  after: Asked | undefined;
  jobId: string | undefined;
  place: number | undefined;
  learning: Learning;
  receipt: Receipt | undefined;
  stage: 'before' | 'learning' | 'after' | 'done' | 'stopped';
  error: unknown;
}

export const lessonStore = createStore<Lesson | undefined>(undefined);

const FRESH = {
  ...{ before: undefined, after: undefined, jobId: undefined, place: undefined, receipt: undefined, error: undefined },
  ...{ learning: NOTHING_LEARNED, stage: 'before' as const },
};

/** Enough to see the difference side by side: a small model would go on for long. */
const MOST_TOKENS = 200;

let control: AbortController | undefined;

export function isUnderWay(lesson: Lesson | undefined): lesson is Lesson {
  return lesson !== undefined && lesson.stage !== 'done' && lesson.stage !== 'stopped';
}

export async function startLesson(
  brain: string,
  what: Teaching,
  question: string,
  replaces: 'auto' | 'none' | readonly string[],
): Promise<void> {
  if (isUnderWay(lessonStore.get())) return;
  const title = 'text' in what ? what.text : `${what.question} → ${what.answer}`;
  lessonStore.set({ ...FRESH, brain, title, question });
  await guarded(async (signal) => {
    await ask('before', signal);
    change({ stage: 'learning' });
    const job = await teach(brain, what, replaces);
    change({ jobId: job.id });
    await learn(job.id, signal);
  });
}

/** Takes up a learning that somebody else began, or this page before it was loaded again. */
export async function findLesson(brain: string): Promise<void> {
  if (lessonStore.get() !== undefined) return;
  const found = (await jobs()).find((job) => isLearning(job) && job.brain === brain);
  if (found === undefined || lessonStore.get() !== undefined) return;
  lessonStore.set({ ...FRESH, brain, title: '', question: '', jobId: found.id, stage: 'learning' });
  await guarded((signal) => learn(found.id, signal));
}

/** Stops what is computed; what was not committed leaves the brain as it was. */
export async function stopLesson(): Promise<void> {
  const lesson = lessonStore.get();
  if (!isUnderWay(lesson)) return;
  if (lesson.stage === 'learning' && lesson.jobId !== undefined) await cancelJob(lesson.jobId);
  else control?.abort();
}

export function closeLesson(): void {
  control?.abort();
  lessonStore.set(undefined);
}

export async function undoLesson(): Promise<void> {
  const lesson = lessonStore.get();
  if (lesson?.receipt === undefined) return;
  const { brain, receipt } = lesson;
  await followJob((await undo(brain, receipt.id)).id, () => undefined);
  const undone: Receipt = { ...receipt, committed: false };
  delete undone.reason;
  change({ receipt: undone, stage: 'after' });
  await guarded(async (signal) => {
    await ask('after', signal);
    change({ stage: 'done' });
  });
}

export async function askAgain(): Promise<void> {
  await guarded(async (signal) => {
    change({ stage: 'after' });
    await ask('after', signal);
    change({ stage: 'done' });
  });
}

async function learn(id: string, signal: AbortSignal): Promise<void> {
  const receipt = await followJob<Receipt>(
    id,
    (job) => {
      const { progress, place } = job as Job<Receipt> & { progress?: MemorizeProgress };
      const now = lessonStore.get()!;
      const learning = progress === undefined ? now.learning : learningAfter(now.learning, progress);
      change({ learning, place: job.status === 'queued' ? place : undefined });
    },
    signal,
  );
  change({ receipt, stage: 'after' });
  await ask('after', signal);
  change({ stage: 'done' });
}

async function ask(when: 'before' | 'after', signal: AbortSignal): Promise<void> {
  const { brain, question } = lessonStore.get()!;
  if (question === '') return;
  const show = (asked: Asked): void => {
    change(when === 'before' ? { before: asked } : { after: asked });
  };
  show({ text: '', grounds: undefined, isDone: false });
  try {
    const answer = await chat({
      ...{ model: `brain:${brain}`, messages: [{ role: 'user', content: question }], maxTokens: MOST_TOKENS, signal },
      onText: (text) => {
        show({ text, grounds: undefined, isDone: false });
      },
    });
    show({ text: answer.text, grounds: answer.grounds, isDone: true });
  } catch (error) {
    if (signal.aborted) throw error;
    show({ text: '', grounds: undefined, isDone: true, error });
    throw error;
  }
}

/** One at a time; what goes wrong is kept beside what was reached. */
async function guarded(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  control = new AbortController();
  const { signal } = control;
  try {
    await act(signal);
  } catch (error) {
    if (lessonStore.get() === undefined) return;
    const isCancelled = signal.aborted || (error instanceof ApiError && error.code === 'cancelled');
    change({ stage: 'stopped', error: isCancelled ? undefined : error });
  }
}

function change(part: Partial<Lesson>): void {
  const lesson = lessonStore.get();
  if (lesson !== undefined) lessonStore.set({ ...lesson, ...part });
}

export function isLearning(job: Job): boolean {
  return job.kind === 'remember' && (job.status === 'queued' || job.status === 'running');
}
