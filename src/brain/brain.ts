// A brain on disk: <home>/brains/<name>/ with its ledger, its adapters and its writer's lock. Here is the commit rule: an
// adapter file is whole on disk before the event that names it, and the event decides. Not here: what goes into an
// adapter (memorize.ts), and which memory a question touches (gate.ts). Of a brain in a store this is what one machine sees of it.
import { existsSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { takeWriterLock, withWriterLock, type WaitForWriter } from '../database/index.js';
import { EngramError, fromSystemError } from '../errors.js';
import { makeFolder, sha256File } from '../files.js';
import { openStore, type Also, type Store } from '../store/index.js';
import { AdapterFiles } from './adapter-files.js';
import { brainFolder, sharedFolder } from './brain-names.js';
import { Writer, type BrainWriter } from './brain-writer.js';
import { applyEvents, type LedgerEvent, type ModelIdentity, type StoredMemory } from './events.js';
import { excerpt, findMemory, plain } from './find.js';
import { Ledger } from './ledger.js';
import type { Log } from './log.js';
import { openSharedLog } from './shared-log.js';

export interface OpenBrainOptions {
  home: string;
  /** Default `default`. */
  name?: string;
  /** The model the brain must be bound to, and will be if it is made now. Left out: whatever it is bound to. */
  model?: ModelIdentity;
  /** Make the brain if there is none. Needs `model`. Default false. */
  create?: boolean;
  /** Where several machines share it: the address of a PostgreSQL database, or a store that is open and stays so. Default: it is in
   * `home` alone. */
  store?: string | Store | undefined;
  /** With a store: what is committed in the same transaction as any change, or refuses it by throwing. */
  also?: Also;
}

/** A memory as the brain holds it. */
export type BrainMemory = StoredMemory;

/** Opens a brain for reading; write() takes the lock when there is something to change. Throws `not_found`, `mismatch` (it
 * belongs to another model), `corrupt`, `unsupported` (a newer ledger), `usage` (a name that cannot be), `disk`; with a store what that throws (store/store.ts), but a store that cannot
 * be reached only where it was never here: see Brain.remark. */
export async function openBrain(options: OpenBrainOptions): Promise<Brain> {
  if (options.store !== undefined) return openShared(options, options.store);
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

async function openShared(options: OpenBrainOptions, given: string | Store): Promise<Brain> {
  const { home, name = 'default', model, create = false, also } = options;
  if (create && model === undefined) throw new EngramError('usage', 'A new brain needs a model to be bound to.');
  const store = typeof given === 'string' ? await openStore(given) : given;
  const isOurs = store !== given;
  try {
    const folder = sharedFolder(home, store.key, name);
    const log = await openSharedLog({ store, folder, name, isOurs, also, create: create ? model : undefined });
    if (log === undefined) throw noBrain(`"${name}" in the store ${store.place}`);
    try {
      return new Brain(name, folder, log, model);
    } catch (error) {
      log.close();
      throw error;
    }
  } catch (error) {
    if (isOurs) await store.close().catch(() => undefined);
    throw error;
  }
}

function existing(path: string, name: string): Ledger {
  try {
    return Ledger.open(path);
  } catch (error) {
    if (!(error instanceof EngramError) || error.code !== 'not_found') throw error;
    throw noBrain(`"${name}"`, error);
  }
}

function noBrain(which: string, cause?: unknown): EngramError {
  return new EngramError('not_found', `There is no brain ${which}.`, {
    hint: 'It is made when something is memorized into it.',
    cause,
  });
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
  readonly #ledger: Log;
  readonly #files: AdapterFiles;
  #model: ModelIdentity;
  readonly #memories = new Map<string, BrainMemory>();
  #expected: ModelIdentity | undefined;
  #lastEvent = 0;

  /** Use openBrain(). */
  constructor(name: string, folder: string, ledger: Log, expected?: ModelIdentity) {
    this.name = name;
    this.folder = folder;
    this.#ledger = ledger;
    this.#files = new AdapterFiles(join(folder, 'adapters'), ledger);
    const [created] = ledger.since(0);
    if (created?.kind !== 'created') {
      throw new EngramError('corrupt', `The ledger of the brain "${name}" does not begin with its creation.`);
    }
    this.#model = created.payload.model;
    this.#expected = expected;
    this.#refresh();
  }

  /** The base model it is bound to. */
  get model(): ModelIdentity {
    return this.#model;
  }

  /** Takes in what other machines have written, where the brain is in a store. Where that cannot be reached what is here stays in
   * use, and `remark` says so. */
  async sync(): Promise<void> {
    await this.#ledger.shared?.pull(false);
  }

  /** Brings the adapters here that are in the store alone; what the store has no more stays missing. Throws `network`, `disk`. */
  async fetchAdapters(): Promise<void> {
    if (this.#ledger.shared !== undefined) await this.check();
  }

  /** Tells the store of an adapter that was lost there and is whole here. */
  async keepAdapter(id: string): Promise<void> {
    const { adapter } = this.held(id);
    if (adapter !== undefined) await this.#ledger.shared?.keep(id, adapter);
  }

  /** Why what this brain says may be old, in a sentence for people. */
  get remark(): string | undefined {
    return this.#ledger.shared?.remark;
  }

  /** Where the adapter of a memory is, or is to be written if it has none. A file here is written once and never changed. */
  adapterPath(memoryId: string): string {
    const adapter = this.#memories.get(memoryId)?.adapter;
    return adapter === undefined ? this.#files.next(memoryId) : this.#files.path(memoryId, adapter.revision ?? 0);
  }

  /** Forgets one memory, named as for find(): its adapter is deleted, so the model knows what it knew before. `release` is
   * called with the adapter's path before its file goes. Throws `not_found`, `usage` (several fit), `locked`. */
  async forget(idOrText: string, release?: (adapterPath: string) => Promise<void>): Promise<BrainMemory> {
    return (await this.forgetAll([idOrText], release))[0]!;
  }

  /** Forgets several memories at once: all of them or, if one cannot be found, none. */
  forgetAll(
    idsOrTexts: readonly string[],
    release?: (adapterPath: string) => Promise<void>,
  ): Promise<readonly BrainMemory[]> {
    return this.write('forgetting', async (writer) => {
      const found = [...new Set(idsOrTexts.map((idOrText) => this.find(idOrText)))];
      for (const { id } of found) await release?.(this.adapterPath(id));
      await writer.change(found.map(({ id }) => ({ kind: 'forgotten', id })));
      return found;
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

  /** The one remembered memory (with `anyState`: superseded and forgotten ones too) meant by an id, a text, a question, or a part
   * of one that no other has. Throws `not_found`, or `usage` when several fit. */
  find(idOrText: string, { anyState = false } = {}): BrainMemory {
    return findMemory(
      this.memories().filter((memory) => anyState || memory.state === 'remembered'),
      idOrText,
    );
  }

  /** Events about one memory, oldest first, or all there are; of attempts that were rolled back too. Throws `not_found`. */
  history(id?: string): LedgerEvent[] {
    if (id === undefined) return this.#ledger.since(0);
    const events = this.#ledger.about(id);
    if (events.length === 0) throw new EngramError('not_found', `The ledger knows no memory ${id}.`);
    return events;
  }

  /** The adapter file of a remembered memory, after its hash was compared. Throws `corrupt` if it is damaged, which the
   * memory then also says, and `not_found` unless the memory is remembered. */
  async adapterFile(id: string): Promise<string> {
    const memory = this.held(id);
    const { adapter } = memory;
    const path = this.adapterPath(id);
    let sha256 = await hashOf(path);
    const { shared } = this.#ledger;
    if (sha256 !== adapter?.sha256 && adapter !== undefined && (await shared?.fetch(adapter, path)) === true) {
      sha256 = await hashOf(path);
    }
    if (sha256 === adapter?.sha256) return path;
    memory.damaged = sha256 === undefined ? 'missing' : 'changed';
    throw new EngramError('corrupt', `The adapter of ${id} is ${memory.damaged}: ${path}.`, {
      hint: `Train it again with \`engram brain rebuild --damaged\`: ${excerpt(memory.text)}`,
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

  /** Runs an action as the only writer among all processes. Calls in one process wait for each other; another process is waited
   * for if `wait` is given, else the call throws `locked` at once. An empty brain then belongs to the model it is open for. Files that no event names are deleted before and after.
   * @param doing completes "process 12 is …" for the one who is kept out, e.g. `memorizing`. */
  write<T>(doing: string, action: (writer: BrainWriter) => Promise<T>, wait?: WaitForWriter): Promise<T> {
    const run = async (): Promise<T> => {
      await this.#ledger.shared?.pull(true);
      await this.#takeOver();
      await this.#files.sweep(this.#named());
      try {
        return await action(new Writer(this.#ledger, this.#files, this, (model) => (this.#expected = model)));
      } finally {
        await this.#files.sweep(this.#named());
      }
    };
    return withWriterLock(this.folder, doing, run, wait);
  }

  /** A brain with nothing in it belongs to nobody. */
  async #takeOver(): Promise<void> {
    this.#refresh();
    const given = this.#expected;
    if (given === undefined || given.sha256 === this.#model.sha256) return;
    await this.#ledger.append([{ kind: 'moved', memoryId: null, payload: { model: given } }]);
    this.#refresh();
  }

  /** Writes a copy of the ledger to a new file and returns the memories in it, each with the place of its adapter. */
  snapshot(path: string): (BrainMemory & { from: string })[] {
    this.#ledger.copyTo(path);
    const copy = Ledger.open(path);
    try {
      const memories = new Map<string, BrainMemory>();
      applyEvents(memories, copy.since(0));
      return [...memories.values()].map((memory) => ({
        ...memory,
        from: this.#files.path(memory.id, memory.adapter?.revision ?? 0),
      }));
    } finally {
      copy.close();
    }
  }

  close(): void {
    this.#ledger.close();
  }

  /** A memory that is remembered. Throws `not_found`. */
  held(id: string): BrainMemory {
    const memory = this.get(id);
    if (memory?.state === 'remembered') return memory;
    throw new EngramError('not_found', memory ? `${id} is ${memory.state}.` : `There is no memory ${id}.`);
  }

  /** Takes in the events that were written since, and looks whether the adapters they name are there. Throws `mismatch` if the
   * brain belongs to another model than it is open for. */
  #refresh(): void {
    const events = this.#ledger.since(this.#lastEvent);
    if (events.length === 0 && this.#lastEvent > 0) return;
    for (const event of events) if (event.kind === 'moved') this.#model = event.payload.model;
    applyEvents(this.#memories, events);
    this.#requireModel();
    this.#lastEvent = events.at(-1)!.id;
    const isMoved = events.some(({ kind }) => kind === 'moved');
    const touched = new Set(events.map((event) => event.memoryId));
    for (const memory of this.#memories.values()) {
      if (!isMoved && !touched.has(memory.id)) continue;
      delete memory.damaged;
      if (memory.state !== 'remembered') continue;
      if (this.#ledger.shared !== undefined && memory.adapter !== undefined) continue; // it is fetched when it is needed
      // Size only: reading every adapter at each start would take longer than answering. adapterFile() compares hashes.
      const size = statSync(this.adapterPath(memory.id), { throwIfNoEntry: false })?.size;
      if (size === undefined || memory.adapter === undefined) memory.damaged = 'missing';
      else if (size !== memory.adapter.bytes) memory.damaged = 'changed';
    }
  }

  #requireModel(): void {
    const given = this.#expected;
    if (given === undefined || given.sha256 === this.#model.sha256) return;
    if (![...this.#memories.values()].some(({ state }) => state === 'remembered')) return;
    throw new EngramError(
      'mismatch',
      `The brain "${this.name}" belongs to the model ${this.#model.name}, not to ${given.name}.`,
      {
        hint: `Use --model ${this.#model.name}, or another brain with --brain; \`engram brain move\` trains its memories on another model.`,
        details: { brain: this.#model, given },
      },
    );
  }

  /** The adapter files that the memories have by their last events. */
  #named(): Set<string> {
    return new Set(
      this.memories().flatMap((memory) => (memory.adapter === undefined ? [] : this.adapterPath(memory.id))),
    );
  }
}

async function hashOf(path: string): Promise<string | undefined> {
  try {
    return await sha256File(path);
  } catch (error) {
    if (error instanceof EngramError && error.code === 'not_found') return undefined;
    throw error;
  }
}
