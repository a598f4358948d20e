// The chats of a brain: <home>/brains/<brain>/chats/<name>/ with transcript.jsonl, which is the truth, and beside it the state
// that was computed of it, which only saves time and may be deleted. One process at a time is in a chat. Not here: what is
// said (cli), computing and saving states (inference).
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkName } from '../config.js';
import { EngramError, fromSystemError, isSystemError } from '../errors.js';
import { makeFolder, withLock } from '../files.js';
import type { ChatMessage } from '../inference/index.js';
import { appendLines, readTranscript, TRANSCRIPT, transcriptLine, type Transcript } from './transcript.js';

/** Bytes of saved states that a home keeps unless told otherwise. */
export const STATE_LIMIT = 1e9;

export interface StoredChat {
  name: string;
  messages: number;
  /** Of its first question. */
  title: string;
  /** When something was last said, ISO 8601. */
  updatedAt: string;
  /** Of the saved state; 0 if there is none. */
  stateBytes: number;
}

/** A chat that this process is in. */
export interface OpenChat {
  readonly name: string;
  /** The conversation so far, since it was last cleared. */
  readonly messages: readonly ChatMessage[];
  /** Lines of the transcript that could not be read. */
  readonly damagedLines: number;
  /** File for the state that is computed of it. */
  readonly statePath: string;
  /** Adds what was said; survives a crash once this returns. Throws `disk`. */
  add(messages: readonly ChatMessage[]): Promise<void>;
  /** Begins a new conversation; the transcript keeps the old one. */
  clear(): Promise<void>;
}

const STATE = 'state';

export class ChatStore {
  readonly #home: string;
  readonly #folder: string;

  constructor(home: string, brain = 'default') {
    this.#home = home;
    this.#folder = join(home, 'brains', checkName(brain, 'the brain'), 'chats');
  }

  /** Newest first. Throws `disk`. */
  async list(): Promise<StoredChat[]> {
    const chats: StoredChat[] = [];
    for (const name of await namesIn(this.#folder)) {
      const path = join(this.#folder, name, TRANSCRIPT);
      const transcript = await readTranscript(path).catch(ifMissing(undefined));
      if (transcript === undefined || transcript.messages.length === 0) continue;
      const { mtime } = await stat(path);
      chats.push({
        name,
        messages: transcript.messages.length,
        title: transcript.messages[0]!.content,
        updatedAt: mtime.toISOString(),
        stateBytes: await sizeOf(join(this.#folder, name, STATE)),
      });
    }
    return chats.sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  }

  /** Runs an action in a new chat; without a name it gets that of the minute. A chat in which nothing was said is not kept.
   * Throws `exists`, `usage` (a name that cannot be), `disk`. */
  async begin<T>(name: string | undefined, action: (chat: OpenChat) => Promise<T>): Promise<T> {
    const made = await this.#make(name);
    const folder = join(this.#folder, made);
    try {
      return await this.#enter(made, { messages: [], damagedLines: 0 }, action);
    } finally {
      if ((await sizeOf(join(folder, TRANSCRIPT))) === 0) await rm(folder, { recursive: true, force: true });
    }
  }

  /** Runs an action in a chat that there is, the newest if none is named. Throws `not_found`, `locked` (another process is in
   * it), `corrupt`, `disk`. `onWait` is called when another process seems to be in it. */
  async resume<T>(name: string | undefined, action: (chat: OpenChat) => Promise<T>, onWait?: () => void): Promise<T> {
    const found = name === undefined ? (await this.list())[0]?.name : checkName(name, 'the chat');
    if (found === undefined || (await sizeOf(join(this.#folder, found, TRANSCRIPT))) === 0) {
      const what = found === undefined ? 'no chat to resume' : `no chat "${found}"`;
      throw new EngramError('not_found', `There is ${what}.`, { hint: '`engram chats list` lists them.' });
    }
    return this.#enter(found, undefined, action, onWait);
  }

  /** Deletes a chat with all that was said. Throws `not_found`, `locked`, `disk`. */
  async remove(name: string): Promise<void> {
    const checked = checkName(name, 'the chat');
    const folder = join(this.#folder, checked);
    if (!(await namesIn(this.#folder)).includes(checked)) {
      throw new EngramError('not_found', `There is no chat "${checked}".`, {
        hint: '`engram chats list` lists them.',
      });
    }
    await this.#locked(checked, async () => {
      // Renamed first: half of it must not be left under its name.
      const doomed = join(this.#folder, `.removed-${process.pid}-${Date.now()}`);
      try {
        await rename(folder, doomed);
        await rm(doomed, { recursive: true, force: true });
      } catch (error) {
        throw fromSystemError(error, folder);
      }
    });
  }

  /** Deletes saved states, of all brains of the home, until they are no more than so many bytes: those saved longest ago
   * first. Returns the bytes freed. */
  async trimStates(mostBytes = STATE_LIMIT): Promise<number> {
    const states: { path: string; bytes: number; saved: number }[] = [];
    const brains = join(this.#home, 'brains');
    for (const brain of await namesIn(brains)) {
      for (const name of await namesIn(join(brains, brain, 'chats'))) {
        const path = join(brains, brain, 'chats', name, STATE);
        const found = await stat(path).catch(() => undefined);
        if (found?.isFile() === true) states.push({ path, bytes: found.size, saved: found.mtimeMs });
      }
    }
    let total = states.reduce((sum, { bytes }) => sum + bytes, 0);
    let freed = 0;
    for (const { path, bytes } of states.sort((a, b) => a.saved - b.saved)) {
      if (total <= mostBytes) break;
      await rm(path, { force: true });
      total -= bytes;
      freed += bytes;
    }
    return freed;
  }

  async #make(name: string | undefined): Promise<string> {
    await makeFolder(this.#folder);
    for (let number = 1; ; number++) {
      const candidate = name === undefined ? timeName(number) : checkName(name, 'the chat');
      try {
        await mkdir(join(this.#folder, candidate), { mode: 0o700 });
        return candidate;
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw fromSystemError(error, join(this.#folder, candidate));
        if (name === undefined) continue;
        throw new EngramError('exists', `There is a chat "${candidate}" already.`, {
          hint: `Go on with it by --resume ${candidate}, or choose another name.`,
        });
      }
    }
  }

  #enter<T>(
    name: string,
    known: Transcript | undefined,
    action: (chat: OpenChat) => Promise<T>,
    onWait?: () => void,
  ): Promise<T> {
    const folder = join(this.#folder, name);
    return this.#locked(
      name,
      async () => {
        await removeLeftovers(folder);
        const path = join(folder, TRANSCRIPT);
        const transcript = known ?? (await readTranscript(path));
        const messages = [...transcript.messages];
        return action({
          name,
          messages,
          damagedLines: transcript.damagedLines,
          statePath: join(folder, STATE),
          add: async (said) => {
            await appendLines(path, said.map((message) => transcriptLine(message)).join(''));
            messages.push(...said);
          },
          clear: async () => {
            if (messages.length === 0) return;
            await appendLines(path, transcriptLine('cleared'));
            messages.length = 0;
          },
        });
      },
      onWait,
    );
  }

  #locked<T>(name: string, action: () => Promise<T>, onWait?: () => void): Promise<T> {
    return withLock(join(this.#folder, name, TRANSCRIPT), { doing: `in the chat "${name}"`, onWait }, action);
  }
}

/** What a process that was killed while it saved a state has left. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('.') && name.endsWith('.tmp')) await rm(join(folder, name), { force: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  } catch (error) {
    return ifMissing([])(fromSystemError(error, folder));
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const ifMissing =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof EngramError && error.code === 'not_found') return value;
    throw error;
  };

/** `2026-11-21-1405`, for the second of a minute `2026-11-21-1405-2`. Local time, for people. */
function timeName(number: number): string {
  const now = new Date();
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${number === 1 ? '' : `-${number}`}`;
}
