// What was said in a conversation, which is the truth, and beside it what memories have made of it, which can be made again.
// In this process only, or in a folder (a chat of the brain, or any other) that outlives it. Not here: what memories make.
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkName } from '../../config.js';
import { EngramError, fromSystemError } from '../../errors.js';
import { withLock, writeFileAtomic } from '../../files.js';
import type { ChatMessage } from '../../inference/index.js';
import { appendLines, readTranscript, TRANSCRIPT, transcriptLine } from '../transcript.js';

export interface ChatLog {
  /** Since it was last cleared. */
  messages(): Promise<readonly ChatMessage[]>;
  /** All of them or none; survives a crash once this returns. */
  add(messages: readonly ChatMessage[]): Promise<void>;
  clear(): Promise<void>;
  /** What was written under a name; undefined if there is none that can be read. */
  readNote(name: string): Promise<unknown>;
  /** Plain JSON. */
  writeNote(name: string, note: unknown): Promise<void>;
}

/** A conversation that ends with this process. */
export class ProcessLog implements ChatLog {
  #messages: ChatMessage[] = [];
  readonly #notes = new Map<string, string>();

  messages(): Promise<readonly ChatMessage[]> {
    return Promise.resolve([...this.#messages]);
  }

  add(messages: readonly ChatMessage[]): Promise<void> {
    this.#messages.push(...messages);
    return Promise.resolve();
  }

  clear(): Promise<void> {
    this.#messages = [];
    this.#notes.clear();
    return Promise.resolve();
  }

  readNote(name: string): Promise<unknown> {
    const note = this.#notes.get(name);
    return Promise.resolve(note === undefined ? undefined : JSON.parse(note));
  }

  writeNote(name: string, note: unknown): Promise<void> {
    this.#notes.set(name, JSON.stringify(note));
    return Promise.resolve();
  }
}

/** Bytes. What is larger was not written here. */
const MOST_NOTE_BYTES = 64 * 2 ** 20;

/** A conversation in a folder, which is made when something is said. Several processes may use it; one at a time writes. */
export class FolderLog implements ChatLog {
  readonly #path: string;
  #known: { size: number; changed: number; messages: readonly ChatMessage[] } | undefined;

  constructor(readonly folder: string) {
    this.#path = join(folder, TRANSCRIPT);
  }

  /** A chat of a brain, as `engram chats` lists it. Throws `usage` for a name that cannot be. */
  static ofChat(home: string, brain: string, name: string): FolderLog {
    return new FolderLog(join(home, 'brains', checkName(brain, 'the brain'), 'chats', checkName(name, 'the chat')));
  }

  async messages(): Promise<readonly ChatMessage[]> {
    const file = await stat(this.#path).catch(ifMissing(this.#path));
    if (file === undefined) return [];
    if (this.#known?.size === file.size && this.#known.changed === file.mtimeMs) return this.#known.messages;
    const { messages } = await readTranscript(this.#path);
    this.#known = { size: file.size, changed: file.mtimeMs, messages };
    return messages;
  }

  add(messages: readonly ChatMessage[]): Promise<void> {
    return this.#append(messages.map((message) => transcriptLine(message)).join(''));
  }

  /** The transcript keeps what was said before; it is not shown to a model any more. */
  async clear(): Promise<void> {
    if ((await this.messages()).length === 0) return;
    await this.#append(transcriptLine('cleared'));
    for (const file of await readdir(this.folder)) {
      if (file.startsWith('memory-')) await rm(join(this.folder, file), { force: true });
    }
  }

  async readNote(name: string): Promise<unknown> {
    const path = this.#notePath(name);
    const file = await stat(path).catch(ifMissing(path));
    if (file?.isFile() !== true || file.size > MOST_NOTE_BYTES) return undefined;
    try {
      return JSON.parse(await readFile(path, 'utf8')) as unknown;
    } catch {
      return undefined; // it is made again
    }
  }

  writeNote(name: string, note: unknown): Promise<void> {
    return writeFileAtomic(this.#notePath(name), `${JSON.stringify(note)}\n`, 0o600);
  }

  #notePath(name: string): string {
    return join(this.folder, `memory-${checkName(name, 'the memory')}.json`);
  }

  async #append(lines: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw fromSystemError(error, this.folder);
    });
    await withLock(this.#path, { doing: `in the conversation ${this.folder}` }, () => appendLines(this.#path, lines));
  }
}

/** What is not there is undefined; any other failure is one of ours. */
const ifMissing =
  (path: string) =>
  (error: unknown): undefined => {
    const ours = fromSystemError(error, path);
    if (!(ours instanceof EngramError && ours.code === 'not_found')) throw ours;
  };
