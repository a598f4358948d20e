// Questions to the person at the terminal: asked on stderr, answered with a line. Not here: the chat (converse.ts).
import { createInterface } from 'node:readline/promises';
import { EngramError, throwIfCancelled } from '../errors.js';
import type { Job } from './job.js';

/** The line that was typed, trimmed; empty at the end of the input. Throws `cancelled`. */
export async function askPerson(job: Job, question: string): Promise<string> {
  job.progress.clear();
  const reader = createInterface({ input: job.world.stdin, output: job.world.stderr });
  const ended = new Promise<string>((resolve) => {
    reader.once('close', () => {
      resolve('');
    });
  });
  try {
    const typed = await Promise.race([reader.question(question, { signal: job.signal }), ended]);
    return typed.trim();
  } catch (error) {
    throwIfCancelled(job.signal);
    throw error;
  } finally {
    reader.close();
  }
}

/** Asks for a yes, unless `--yes` was given. Throws `usage` where there is nobody to ask, `cancelled` for a no. */
export async function confirm(job: Job, isGiven: boolean, question: string): Promise<void> {
  if (isGiven) return;
  if (!job.isInteractive) {
    throw new EngramError('usage', 'This needs a confirmation.', { hint: 'Add --yes.' });
  }
  if (!/^y(?:es)?$/i.test(await askPerson(job, `${question} [y/N] `))) {
    throw new EngramError('cancelled', 'Nothing was changed.');
  }
}
