// A brain on disk: <home>/brains/<name>/ with its ledger, its adapters and its writer's lock. Here is the commit rule: an
// adapter file is whole on disk before the event that names it, and the event decides. Not here: what goes into an
// adapter (memorize.ts), and which memory a question touches (gate.ts).
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkName } from '../config.js';
import { takeWriterLock, withWriterLock } from '../database/index.js';
import { EngramError, fromSystemError } from '../errors.js';
import { makeFolder, sha256File, syncFolder } from '../files.js';
import {
  applyEvents,
  type EventBody,
  type LedgerEvent,
  type ModelIdentity,
  type RememberedPayload,
  type StoredMemory,
} from './events.js';
import { Ledger } from './ledger.js';
import { contentWords } from './text.js';

export interface OpenBrainOptions {
  home: string;
  /** Default `default`. */
  name?: string;
  /** The model the brain must be bound to, and will be if it is made now. Left out: whatever it is bound to. */
  model?: ModelIdentity;
  /** Make the brain if there is none. Needs `model`. Default false. */
  create?: boolean;
}

/** A memory as the brain holds it. */
export type BrainMemory = StoredMemory;

export interface Remembered extends Omit<RememberedPayload, 'adapter'> {
  id: string;
  /** Id of the memory whose place it takes, in the same transaction. */
  supersedes?: string;
}

/** What the one writer of a brain can do. Valid until the action given to write() ends. */
export interface BrainWriter {
  /** A new id for a memory of this text: `m-` and six hexadecimal digits. */
  newId(text: string): string;
  /** Commits a memory whose adapter file is finished and stands at adapterPath(id). When this returns it survives a power
   * cut. Throws `exists` if the id is taken, `not_found` if the file or the superseded memory is not there. */
  remember(memory: Remembered): Promise<BrainMemory>;
  /** Notes that a memory was tried and given up. Its adapter file is deleted when the action ends. */
  rollBack(attempt: Omit<Remembered, 'supersedes' | 'data'>): void;
  /** Commits that a memory is gone, then deletes its adapter. Throws `not_found` unless it is remembered. */
  forget(id: string, reason?: string): Promise<BrainMemory>;
  /** Commits that a forgotten or superseded memory is back, with a new adapter at adapterPath(id). */
  restore(id: string, receipt?: StoredMemory['receipt']): Promise<BrainMemory>;
}

/** Where the brains of a home are. */
function brainFolder(home: string, name: string): string {
  return join(home, 'brains', checkName(name, 'the brain'));
}

/** Opens a brain for reading; write() takes the lock when there is something to change. Throws `not_found`, `mismatch` (it
 * belongs to another model), `corrupt`, `unsupported` (a newer ledger), `usage` (a name that cannot be), `disk`. */
export async function openBrain(options: OpenBrainOptions): Promise<Brain> {
  const name = options.name ?? 'default';
  const folder = brainFolder(options.home, name);
  const path = join(folder, 'ledger.sqlite');
  let ledger: Ledger;
  if (options.create === true) {
    if (options.model === undefined) throw new EngramError('usage', 'A new brain needs a model to be bound to.');
    await makeFolder(join(folder, 'adapters'));
    ledger = Ledger.openOrCreate(path, options.model);
  } else {
    ledger = existing(path, name);
  }
  try {
    return new Brain(name, folder, ledger, options.model);
  } catch (error) {
    ledger.close();
    throw error;
  }
}

function existing(path: string, name: string): Ledger {
  try {
    return Ledger.open(path);
  } catch (error) {
    if (!(error instanceof EngramError) || error.code !== 'not_found') throw error;
    throw new EngramError('not_found', `There is no brain "${name}".`, {
      hint: 'It is made when something is memorized into it.',
      cause: error,
    });
  }
}

/** Names of the brains in a home, sorted. */
export function listBrains(home: string): string[] {
  const folder = join(home, 'brains');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'ledger.sqlite')))
    .sort();
}

/** Deletes a brain with all it holds. True if there was one. Throws `locked` while another process changes it. */
export async function removeBrain(options: { home: string; name: string }): Promise<boolean> {
  const folder = brainFolder(options.home, options.name);
  if (!existsSync(folder)) return false;
  // Given back before the rename: Windows renames no folder with an open file in it. A writer that comes in between loses
  // only what was to be removed anyway.
  takeWriterLock(folder, 'removing it')();
  // Renamed first: a crash in the middle of deleting must not leave half a brain under its name. The leading dot makes it
  // no brain, whatever is left of it.
  const doomed = join(options.home, 'brains', `.removed-${process.pid}-${Date.now()}`);
  try {
    await rename(folder, doomed);
    await rm(doomed, { recursive: true, force: true });
  } catch (error) {
    throw fromSystemError(error, folder);
  }
  return true;
}

export class Brain {
  readonly name: string;
  readonly folder: string;
  /** The base model it is bound to. */
  readonly model: ModelIdentity;
  readonly #ledger: Ledger;
  readonly #memories = new Map<string, BrainMemory>();
  #lastEvent = 0;

  /** Use openBrain(). */
  constructor(name: string, folder: string, ledger: Ledger, expected?: ModelIdentity) {
    this.name = name;
    this.folder = folder;
    this.#ledger = ledger;
    const [created] = ledger.since(0);
    if (created?.kind !== 'created') {
      throw new EngramError('corrupt', `The ledger of the brain "${name}" does not begin with its creation.`);
    }
    this.model = created.payload.model;
    if (expected !== undefined && expected.sha256 !== this.model.sha256) {
      throw new EngramError(
        'mismatch',
        `The brain "${name}" belongs to the model ${this.model.name}, not to ${expected.name}.`,
        {
          hint: `Use --model ${this.model.name}, or another brain with --brain.`,
          details: { brain: this.model, given: expected },
        },
      );
    }
    this.#refresh();
  }

  /** Where the adapter of a memory is, or is to be written. A file here is written once and never changed. */
  adapterPath(memoryId: string): string {
    return join(this.folder, 'adapters', `${memoryId}.gguf`);
  }

  /** Forgets one memory, named as for find(): its adapter is deleted, so the model knows what it knew before. `release` is
   * called with the adapter's path before its file goes. Throws `not_found`, `usage` (several fit), `locked`. */
  forget(idOrText: string, release?: (adapterPath: string) => Promise<void>): Promise<BrainMemory> {
    return this.write('forgetting', async (writer) => {
      const { id } = this.find(idOrText);
      await release?.(this.adapterPath(id));
      return writer.forget(id);
    });
  }

  /** All memories as they are now, also what other processes changed; oldest first, with superseded and forgotten ones.
   * The objects are shared: do not change them. */
  memories(): readonly BrainMemory[] {
    this.#refresh();
    return [...this.#memories.values()];
  }

  get(id: string): BrainMemory | undefined {
    this.#refresh();
    return this.#memories.get(id);
  }

  /** The memories, in any state, of exactly this text but for case, spaces and Unicode form. */
  byText(text: string): readonly BrainMemory[] {
    const wanted = plain(text);
    return this.memories().filter((memory) => plain(memory.text) === wanted);
  }

  /** The one remembered memory meant by an id, a text, a question, or a part of one that no other has. Throws `not_found`,
   * or `usage` when several fit. */
  find(idOrText: string): BrainMemory {
    const held = this.memories().filter((memory) => memory.state === 'remembered');
    const byId = held.find((memory) => memory.id === idOrText.trim());
    if (byId !== undefined) return byId;
    const wanted = plain(idOrText);
    const texts = (memory: BrainMemory): string[] =>
      [memory.text, memory.question, memory.answer].filter((part) => part !== undefined).map(plain);
    const whole = held.filter((memory) => texts(memory).includes(wanted));
    const fits =
      whole.length > 0 ? whole : held.filter((memory) => texts(memory).some((part) => part.includes(wanted)));
    // A part that says nothing (`the`) names nothing.
    const names = whole.length > 0 || contentWords(idOrText).length > 0;
    if (!names || fits.length === 0) {
      throw new EngramError('not_found', `Nothing remembered fits "${idOrText}".`, {
        hint: '`engram memories` lists what is remembered.',
      });
    }
    if (fits.length > 1) {
      throw new EngramError('usage', `"${idOrText}" fits ${fits.length} memories.`, {
        hint: `Name one by its id: ${fits.map((memory) => `${memory.id} (${excerpt(memory.text)})`).join(', ')}.`,
        details: { ids: fits.map((memory) => memory.id) },
      });
    }
    return fits[0]!;
  }

  /** Events about one memory, oldest first; of an attempt that was rolled back too. Throws `not_found`. */
  history(id: string): LedgerEvent[] {
    const events = this.#ledger.about(id);
    if (events.length === 0) throw new EngramError('not_found', `The ledger knows no memory ${id}.`);
    return events;
  }

  /** The adapter file of a remembered memory, after its hash was compared. Throws `corrupt` if it is damaged, which the
   * memory then also says, and `not_found` unless the memory is remembered. */
  async adapterFile(id: string): Promise<string> {
    const memory = this.#held(id);
    const { adapter } = memory;
    const path = this.adapterPath(id);
    const sha256 = await sha256File(path).catch((error: unknown) => {
      if (error instanceof EngramError && error.code === 'not_found') return undefined;
      throw error;
    });
    if (sha256 === adapter?.sha256) return path;
    memory.damaged = sha256 === undefined ? 'missing' : 'changed';
    throw new EngramError('corrupt', `The adapter of ${id} is ${memory.damaged}: ${path}.`, {
      hint: `Memorize it again: ${excerpt(memory.text)}`,
      details: { id, path },
    });
  }

  /** Compares the hashes of all adapters with their events and returns the memories that are damaged. */
  async check(): Promise<BrainMemory[]> {
    const held = this.memories().filter((memory) => memory.state === 'remembered');
    for (const memory of held) {
      await this.adapterFile(memory.id).then(
        () => delete memory.damaged,
        (error: unknown) => {
          if (!(error instanceof EngramError) || error.code !== 'corrupt') throw error;
        },
      );
    }
    return held.filter((memory) => memory.damaged !== undefined);
  }

  /** Runs an action as the only writer among all processes. Calls in one process wait for each other; against another
   * process the call throws `locked` at once. Files that no event names are deleted before and after.
   * @param doing completes "process 12 is …" for the one who is kept out, e.g. `memorizing`. */
  write<T>(doing: string, action: (writer: BrainWriter) => Promise<T>): Promise<T> {
    return withWriterLock(this.folder, doing, async () => {
      await this.#sweep();
      try {
        return await action(this.#writer());
      } finally {
        await this.#sweep();
      }
    });
  }

  close(): void {
    this.#ledger.close();
  }

  #writer(): BrainWriter {
    const commit = (...events: EventBody[]): void => {
      this.#ledger.append(...events);
      this.#refresh();
    };
    const written = async (id: string): Promise<{ sha256: string; bytes: number }> => {
      const path = this.adapterPath(id);
      await makeDurable(path);
      return { sha256: await sha256File(path), bytes: (await stat(path)).size };
    };
    return {
      newId: (text) => this.#newId(text),
      remember: async ({ id, supersedes, ...payload }) => {
        if (this.#ledger.about(id).length > 0) throw new EngramError('exists', `The id ${id} is taken.`);
        if (supersedes !== undefined) this.#held(supersedes);
        const remembered: EventBody = {
          kind: 'remembered',
          memoryId: id,
          payload: { ...payload, adapter: await written(id) },
        };
        if (supersedes === undefined) commit(remembered);
        else commit(remembered, { kind: 'superseded', memoryId: supersedes, payload: { by: id } });
        return this.#memories.get(id)!;
      },
      rollBack: ({ id, ...payload }) => {
        commit({ kind: 'rolled_back', memoryId: id, payload });
      },
      forget: async (id, reason) => {
        const memory = this.#held(id);
        commit({ kind: 'forgotten', memoryId: id, payload: reason === undefined ? {} : { reason } });
        await rm(this.adapterPath(id), { force: true });
        return memory;
      },
      restore: async (id, receipt) => {
        const memory = this.get(id);
        if (memory === undefined) throw new EngramError('not_found', `There is no memory ${id}.`);
        if (memory.state === 'remembered') throw new EngramError('exists', `${id} is remembered.`);
        const payload = { ...(receipt === undefined ? {} : { receipt }), adapter: await written(id) };
        commit({ kind: 'restored', memoryId: id, payload });
        return memory;
      },
    };
  }

  #held(id: string): BrainMemory {
    const memory = this.get(id);
    if (memory?.state === 'remembered') return memory;
    throw new EngramError('not_found', memory ? `${id} is ${memory.state}.` : `There is no memory ${id}.`);
  }

  #newId(text: string): string {
    for (let attempt = 0; ; attempt++) {
      const hash = createHash('sha256').update(`${text}\0${Date.now()}\0${attempt}`).digest('hex');
      const id = `m-${hash.slice(0, 6)}`;
      if (this.#ledger.about(id).length === 0) return id;
    }
  }

  /** Takes in the events that were written since, and looks whether the adapters they name are there. */
  #refresh(): void {
    const events = this.#ledger.since(this.#lastEvent);
    if (events.length === 0) return;
    applyEvents(this.#memories, events);
    this.#lastEvent = events.at(-1)!.id;
    const touched = new Set(events.map((event) => event.memoryId));
    for (const memory of this.#memories.values()) {
      if (!touched.has(memory.id)) continue;
      delete memory.damaged;
      if (memory.adapter === undefined) continue;
      // Size only: reading every adapter at each start would take longer than answering. adapterFile() compares hashes.
      const size = statSync(this.adapterPath(memory.id), { throwIfNoEntry: false })?.size;
      if (size !== memory.adapter.bytes) memory.damaged = size === undefined ? 'missing' : 'changed';
    }
  }

  /** Deletes adapter files that no event names: of a process that was killed, a memory rolled back, one forgotten. */
  async #sweep(): Promise<void> {
    const folder = join(this.folder, 'adapters');
    this.#refresh();
    await makeFolder(folder);
    for (const file of readdirSync(folder)) {
      const id = /^(m-[0-9a-f]+)\.gguf$/.exec(file)?.[1];
      const isGarbage = id === undefined ? file.endsWith('.tmp') : this.#memories.get(id)?.adapter === undefined;
      if (isGarbage) await rm(join(folder, file), { force: true, recursive: true });
    }
  }
}

/** Whoever wrote the file: its bytes and its name are on disk when this returns. */
async function makeDurable(path: string): Promise<void> {
  try {
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await syncFolder(join(path, '..'));
  } catch (error) {
    throw fromSystemError(error, path);
  }
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`;
}
