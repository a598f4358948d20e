// Ctrl-Z during a training: it pauses after the step it is in, with a checkpoint, and only then is the process stopped; `fg` goes
// on. Not here: pausing itself (RunControl).
import type { RunControl } from '../index.js';
import type { Job } from './job.js';

export interface Suspension {
  /** To be called when the training has paused. */
  paused: () => Promise<void>;
  /** Ctrl-Z does again what it does elsewhere. */
  stop: () => void;
}

export function pauseOnSuspend(job: Job, control: Pick<RunControl, 'paused' | 'pause' | 'resume'>): Suspension {
  const { world } = job;
  const stop = world.onSuspend(() => {
    // The second does not wait for the step.
    if (control.paused) void world.suspend();
    else {
      job.note('Pausing after this step… (once more to stop at once)');
      control.pause();
    }
  });
  const paused = async (): Promise<void> => {
    await world.suspend();
    control.resume();
  };
  return { paused, stop };
}
