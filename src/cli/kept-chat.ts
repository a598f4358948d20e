// A chat that is kept: what was said is written down as it is said, and on leaving the computed state is saved, so that resuming
// is quick. A state that cannot be used costs time and nothing else. Not here: the files (ChatStore).
import { EngramError } from '../errors.js';
import type { AskOptions, OpenChat, StateInfo } from '../index.js';
import type { Engine } from './api.js';
import type { ChatSession } from './chat-session.js';
import type { Options } from './command.js';
import { converse } from './converse.js';
import { bytes, excerpt } from './format/index.js';
import { bytesOf, stringOf } from './input.js';
import type { Job } from './job.js';

export interface Keeping {
  resume: boolean;
  name: string | undefined;
  /** Bytes. */
  stateLimit: number | undefined;
}

/** How a chat is to be kept; undefined: not at all. A pipe's is only where asked for. Throws `usage`. */
export function keepingOf(job: Job, options: Options): Keeping | undefined {
  const { resume, new: begin, save } = options;
  const stateLimit = bytesOf(options, 'stateLimit', '--state-limit');
  if (resume !== undefined && begin !== undefined)
    throw new EngramError('usage', 'Either --resume or --new, not both.');
  if (save === false) {
    if (begin !== undefined) throw new EngramError('usage', 'Either --new or --no-save, not both.');
    if (resume !== undefined) throw new EngramError('usage', 'Either --resume or --no-save, not both.');
    return undefined;
  }
  if (resume !== undefined) return { resume: true, name: stringOf(options, 'resume'), stateLimit };
  if (begin === undefined && !job.isInteractive) return undefined;
  return { resume: false, name: stringOf(options, 'new'), stateLimit };
}

export async function talkAndKeep(
  job: Job,
  engine: Engine,
  asking: Partial<AskOptions>,
  { resume, name, stateLimit, sleepAfter }: Keeping & { sleepAfter: number | undefined },
): Promise<{ session: ChatSession; name: string }> {
  const store = engine.chats;
  const talk = async (chat: OpenChat): Promise<{ session: ChatSession; name: string }> => {
    if (resume) await takeUp(job, engine, chat);
    const last = chat.messages.at(-1);
    const session = await converse(job, engine, asking, { keeper: chat, sleepAfter });
    if (chat.messages.length > 0 && chat.messages.at(-1) !== last) {
      await leave(job, engine, asking, chat);
      await store.trimStates(stateLimit);
    }
    if (job.isInteractive && chat.messages.length > 0) job.line(`Kept: engram chat --resume ${chat.name}`);
    return { session, name: chat.name };
  };
  if (!resume) return store.begin(name, talk);
  return store.resume(name, talk, () => {
    job.note('Waiting: another process is in this chat, or was killed in it a moment ago.');
  });
}

/** Puts the state back and shows where the conversation was left. */
async function takeUp(job: Job, engine: Engine, chat: OpenChat): Promise<void> {
  const restored = await restore(job, engine, chat.statePath);
  if (chat.damagedLines > 0) job.note(`${chat.damagedLines} lines of the transcript could not be read.`);
  const count = `${chat.messages.length} ${chat.messages.length === 1 ? 'message' : 'messages'}`;
  const ready =
    restored === undefined ? '' : `; ${restored.tokens} tokens (${bytes(restored.bytes)}) need not be read again`;
  job.note(`Resumed "${chat.name}": ${count}${ready}.`);
  if (!job.isInteractive) return;
  for (const { role, content } of chat.messages.slice(-2))
    job.line(`${role === 'user' ? '›' : ' '} ${excerpt(content)}`);
}

async function restore(job: Job, engine: Engine, path: string): Promise<StateInfo | undefined> {
  try {
    return await engine.restoreState(path, { signal: job.signal });
  } catch (error) {
    if (!(error instanceof EngramError) || error.code === 'cancelled') throw error;
    if (error.code !== 'not_found') job.note(`${error.message} The conversation is computed again.`);
    return undefined;
  }
}

async function leave(job: Job, engine: Engine, asking: Partial<AskOptions>, chat: OpenChat): Promise<void> {
  const { maxTokens, overflow } = asking;
  try {
    await engine.saveState(chat.statePath, { messages: chat.messages, maxTokens, overflow, signal: job.signal });
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    // Too short, or the last answer came from a memory: then there is nothing worth saving.
    if (error.code !== 'empty') job.note(`The state was not saved: ${error.message} Resuming will take longer.`);
  }
}
