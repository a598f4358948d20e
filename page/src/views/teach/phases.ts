// What a learning has done so far, out of what the server reports one by one. Pure. Not here: showing it.
import type { MemorizeProgress } from '../../api.js';

export const PHASES = ['wait', 'lessons', 'probe_before', 'train', 'probe_after', 'commit'] as const;
export type Phase = (typeof PHASES)[number];

export interface Learning {
  phase: Phase | undefined;
  lessons: number | undefined;
  /** Of the phase that is under way, where it is counted. */
  done: number | undefined;
  of: number | undefined;
  who: string | undefined;
  tokensPerSecond: number | undefined;
  losses: { step: number; value: number }[];
}

export const NOTHING_LEARNED: Learning = {
  ...{ phase: undefined, lessons: undefined, done: undefined, of: undefined, who: undefined },
  ...{ tokensPerSecond: undefined, losses: [] },
};

export function learningAfter(before: Learning, progress: MemorizeProgress): Learning {
  const now: Learning = { ...before, phase: progress.phase, done: undefined, of: undefined, who: undefined };
  switch (progress.phase) {
    case 'wait':
      return { ...now, who: progress.who };
    case 'lessons':
      return { ...now, lessons: progress.lessons };
    case 'probe_before':
    case 'probe_after':
      return { ...now, done: progress.done, of: progress.of };
    case 'train': {
      const { step, steps, loss, tokensPerSecond } = progress;
      // A second attempt begins again at the first step: its curve takes the place of the first one's.
      const kept = before.losses.filter((point) => point.step < step);
      return { ...now, done: step, of: steps, tokensPerSecond, losses: [...kept, { step, value: loss }] };
    }
    case 'commit':
      return now;
  }
}
