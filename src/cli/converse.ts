// Leads a conversation from the first line to the last: chat does it, and demo when it has shown what it has to show.
import { throwIfCancelled } from '../errors.js';
import type { AskOptions } from '../index.js';
import type { Engine } from './api.js';
import { ChatSession, SLASH_WORDS, type Keeper } from './chat-session.js';
import { openHistory } from './history.js';
import { IdleSleep } from './idle-sleep.js';
import type { Job } from './job.js';
import { LineReader } from './line-reader.js';

/** Resolves with the session when the person leaves or the pipe ends. `keeper`: holds the conversation so far, and gets what is
 * said; `sleepAfter`: minutes without a line until memories are tended to. Throws `cancelled`. */
export async function converse(
  job: Job,
  engine: Engine,
  sampling: Partial<AskOptions> = {},
  { keeper, sleepAfter }: { keeper?: Keeper | undefined; sleepAfter?: number | undefined } = {},
): Promise<ChatSession> {
  const session = new ChatSession(job, engine, sampling, keeper);
  const idle = sleepAfter === undefined ? undefined : new IdleSleep(job, engine, sleepAfter);
  const reader = new LineReader(job.world, {
    isInteractive: job.isInteractive,
    prompt: '› ',
    history: openHistory(job.settings.home),
    words: SLASH_WORDS,
    onInterrupt: () => session.interrupt(),
    signal: job.signal,
  });
  const nextLine = async (): Promise<string | undefined> => {
    idle?.begin();
    try {
      return await reader.next();
    } finally {
      await idle?.end();
    }
  };
  try {
    for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
      if (!(await session.handle(line))) break;
    }
  } finally {
    reader.close();
  }
  throwIfCancelled(job.signal);
  if (job.isInteractive) job.line();
  return session;
}
