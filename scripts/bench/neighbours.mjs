// Other processes that want the processor while a step is timed. Theirs is plain arithmetic without end, at the same priority.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Child } from './child.mjs';

const PROGRAM = fileURLToPath(new URL('busy-child.mjs', import.meta.url));

/** What else runs while steps are timed; in this order. */
export const CONDITIONS = {
  quiet: { text: 'nothing else', threads: 0 },
  'one-core': { text: 'another process holds one core', threads: 1 },
  shared: { text: 'another process has as many busy threads as there are cores', threads: availableParallelism() },
};

/** Runs `work` beside the neighbour of a condition. */
export async function beside(condition, work) {
  const { threads } = CONDITIONS[condition];
  if (threads === 0) return work();
  const neighbour = new Child(process.execPath, [PROGRAM, String(threads)]);
  try {
    await neighbour.ask(undefined, 30_000);
    return await work();
  } finally {
    neighbour.kill();
  }
}
