// What the one writer of a brain may do: each commits events in one transaction, with adapter files on disk before and those no
// longer of use deleted after. Not here: who is the writer (brain.ts) and what is trained (memorize.ts).
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { EngramError } from '../errors.js';
import type { AdapterFiles } from './adapter-files.js';
import type { AdapterRecord, EventBody, ModelIdentity, RememberedPayload, Retrained, StoredMemory } from './events.js';
import type { Log } from './log.js';
import type { Standing } from './types.js';

export interface Remembered extends Omit<RememberedPayload, 'adapter'> {
  id: string;
  /** Ids of the memories whose place it takes, in the same transaction. */
  supersedes?: string | readonly string[];
}

/** What training a memory anew gave, beside its adapter file. */
export type Relearned = Omit<Retrained, 'adapter'>;

/** One memory's part in a change of several. */
export type Change = { id: string; undoes?: number } & (
  | { kind: 'forgotten'; reason?: string }
  | { kind: 'superseded'; by: string }
  | ({ kind: 'restored' | 'rebuilt' } & Relearned)
);

/** What the one writer of a brain can do. Valid until the action given to write() ends. */
export interface BrainWriter {
  /** A new id for a memory of this text: `m-` and six hexadecimal digits. */
  newId(text: string): string;
  /** Where to write the adapter of a new memory, or of one that is trained anew: never over one that is in use. */
  newAdapterPath(id: string): string;
  /** Commits a memory whose adapter file is finished and stands at newAdapterPath(id). When this returns it survives a power
   * cut. Throws `exists` if the id is taken, `not_found` if the file or a superseded memory is not there. */
  remember(memory: Remembered): Promise<StoredMemory>;
  /** Notes that a memory was tried and given up. Its adapter file is deleted when the action ends. */
  rollBack(attempt: Omit<Remembered, 'supersedes' | 'data'>): Promise<void>;
  /** Commits several changes in one transaction, then deletes the adapters that are no longer of use; those of restored
   * and rebuilt memories stand at newAdapterPath(id). Throws `not_found` for a memory that cannot be changed so, `exists` for
   * one that is remembered and would be restored. */
  change(changes: readonly Change[]): Promise<void>;
  /** change() with one memory that is forgotten. */
  forget(id: string, reason?: string): Promise<StoredMemory>;
  /** Commits the adapter at newAdapterPath(id) in place of the one that a remembered memory had. */
  rebuild(id: string, relearned?: Relearned): Promise<StoredMemory>;
  /** The same, trained with care in sleep. */
  consolidate(id: string, relearned: Relearned & { before: Standing; after: Standing }): Promise<StoredMemory>;
  /** Commits that the brain belongs to another model, with the adapters at newAdapterPath(id) of the memories that were trained
   * on it. What is remembered and not among them has no adapter then, until it is rebuilt. */
  move(model: ModelIdentity, relearned: ReadonlyMap<string, Relearned>): Promise<void>;
}

/** What is used of the brain (brain.ts). */
interface WrittenBrain {
  get(id: string): StoredMemory | undefined;
  held(id: string): StoredMemory;
  memories(): readonly StoredMemory[];
  adapterPath(memoryId: string): string;
}

export class Writer implements BrainWriter {
  /** `expect`: from now on the brain is one of this model. */
  constructor(
    private readonly ledger: Log,
    private readonly files: AdapterFiles,
    private readonly brain: WrittenBrain,
    private readonly expect: (model: ModelIdentity) => void,
  ) {}

  newId(text: string): string {
    for (let attempt = 0; ; attempt++) {
      const hash = createHash('sha256').update(`${text}\0${Date.now()}\0${attempt}`).digest('hex');
      const id = `m-${hash.slice(0, 6)}`;
      if (this.ledger.about(id).length === 0) return id;
    }
  }

  newAdapterPath(id: string): string {
    return this.files.next(id);
  }

  async remember({ id, supersedes = [], ...payload }: Remembered): Promise<StoredMemory> {
    if (this.ledger.about(id).length > 0) throw new EngramError('exists', `The id ${id} is taken.`);
    const superseded = typeof supersedes === 'string' ? [supersedes] : supersedes;
    const gone = superseded.flatMap((old) => this.#adapterOf(old));
    const adapter = await this.files.record(id);
    await this.#append(
      [
        { kind: 'remembered', memoryId: id, payload: { ...payload, adapter } },
        ...superseded.map((old): EventBody => ({ kind: 'superseded', memoryId: old, payload: { by: id } })),
      ],
      gone,
    );
    return this.brain.held(id);
  }

  async rollBack({ id, ...payload }: Omit<Remembered, 'supersedes' | 'data'>): Promise<void> {
    await this.ledger.append([{ kind: 'rolled_back', memoryId: id, payload }]);
  }

  async change(changes: readonly Change[]): Promise<void> {
    const gone: Held[] = [];
    const events: EventBody[] = [];
    for (const { id, ...change } of changes) {
      if (change.kind !== 'restored') gone.push(...this.#adapterOf(id));
      if (change.kind === 'forgotten' || change.kind === 'superseded') {
        const { kind, ...payload } = change;
        events.push({ kind, memoryId: id, payload } as EventBody);
        continue;
      }
      const memory = this.brain.get(id);
      if (memory === undefined) throw new EngramError('not_found', `There is no memory ${id}.`);
      if (change.kind === 'restored' && memory.state === 'remembered') {
        throw new EngramError('exists', `${id} is remembered.`);
      }
      const { kind, ...payload } = change;
      events.push({ kind, memoryId: id, payload: { ...payload, adapter: await this.files.record(id) } });
    }
    await this.#append(events, gone);
  }

  async forget(id: string, reason?: string): Promise<StoredMemory> {
    await this.change([{ kind: 'forgotten', id, ...(reason === undefined ? {} : { reason }) }]);
    return this.brain.get(id)!;
  }

  rebuild(id: string, relearned: Relearned = {}): Promise<StoredMemory> {
    return this.#exchange(id, (adapter) => ({ kind: 'rebuilt', memoryId: id, payload: { ...relearned, adapter } }));
  }

  consolidate(id: string, relearned: Relearned & { before: Standing; after: Standing }): Promise<StoredMemory> {
    return this.#exchange(id, (adapter) => ({
      kind: 'consolidated',
      memoryId: id,
      payload: { ...relearned, adapter },
    }));
  }

  async #exchange(id: string, eventOf: (adapter: AdapterRecord) => EventBody): Promise<StoredMemory> {
    const old = this.#adapterOf(id);
    await this.#append([eventOf(await this.files.record(id))], old);
    return this.brain.held(id);
  }

  async move(model: ModelIdentity, relearned: ReadonlyMap<string, Relearned>): Promise<void> {
    const events: EventBody[] = [{ kind: 'moved', memoryId: null, payload: { model } }];
    const gone = this.brain
      .memories()
      .flatMap(({ id, adapter }) => (adapter === undefined ? [] : { ...adapter, path: this.brain.adapterPath(id) }));
    for (const [id, payload] of relearned) {
      this.brain.held(id);
      events.push({ kind: 'rebuilt', memoryId: id, payload: { ...payload, adapter: await this.files.record(id) } });
    }
    await this.#append(events, gone, () => {
      this.expect(model);
    });
  }

  /** `onCommitted` comes before the brain is asked again. */
  async #append(events: readonly EventBody[], gone: readonly Held[], onCommitted?: () => void): Promise<void> {
    await this.ledger.append(events, gone);
    onCommitted?.();
    for (const { path } of gone) await rm(path, { force: true });
  }

  /** The adapter of a remembered memory, which goes when its event is written; a list of one, or of none. */
  #adapterOf(id: string): Held[] {
    const { adapter } = this.brain.held(id);
    return adapter === undefined ? [] : [{ ...adapter, path: this.brain.adapterPath(id) }];
  }
}

interface Held extends AdapterRecord {
  path: string;
}
