// Leads a conversation from the first line to the last: chat does it, and demo when it has shown what it has to show.
import { throwIfCancelled } from '../errors.js';
import type { AskOptions } from '../index.js';
import type { Engine } from './api.js';
import { ChatSession, SLASH_WORDS, type Keeper } from './chat-session.js';
import { openHistory } from './history.js';
import type { Job } from './job.js';
import { LineReader } from './line-reader.js';

/** Resolves with the session when the person leaves or the pipe ends. Throws `cancelled`. */
export async function converse(
  job: Job,
  engine: Engine,
  sampling: Partial<AskOptions> = {},
  keeper?: Keeper,
): Promise<ChatSession> {
  const session = new ChatSession(job, engine, sampling, keeper);
  const reader = new LineReader(job.world, {
    isInteractive: job.isInteractive,
    prompt: '› ',
    history: openHistory(job.settings.home),
    words: SLASH_WORDS,
    onInterrupt: () => session.interrupt(),
    signal: job.signal,
  });
  try {
    for (let line = await reader.next(); line !== undefined; line = await reader.next()) {
      if (!(await session.handle(line))) break;
    }
  } finally {
    reader.close();
  }
  throwIfCancelled(job.signal);
  if (job.isInteractive) job.line();
  return session;
}
