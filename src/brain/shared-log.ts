// The log of a brain that several machines share: the truth is in a store, and a replica of it is a ledger here, from which everything
// is read. Who is cut off from the store reads on and cannot write. Not here: the store (store/), what events mean (events.ts).
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngramError, isSystemError } from '../errors.js';
import { makeFolder, writeFileAtomic } from '../files.js';
import type { Also, NewEvent, Store, StoredBrain, StoredEvent } from '../store/index.js';
import { adapterFileName } from './adapter-files.js';
import {
  applyEvents,
  type AdapterRecord,
  type EventBody,
  type LedgerEvent,
  type ModelIdentity,
  type StoredMemory,
} from './events.js';
import { Ledger } from './ledger.js';
import type { Log, Sharing } from './log.js';
import { parseEvent } from './parse-event.js';

/** Milliseconds for which a store that did not answer is not asked again, but by who has to write. */
const PAUSE_MS = 5_000;

export interface OpenSharedLog {
  store: Store;
  /** Of the replica and its adapters. */
  folder: string;
  name: string;
  /** Made with this model, if there is no such brain. */
  create?: ModelIdentity | undefined;
  /** The store is closed with it. */
  isOurs: boolean;
  /** What is committed together with every append, e.g. the end of the job that it is for. */
  also?: Also | undefined;
}

/** Undefined where the store has no such brain and none is to be made. Throws what the store throws; where it cannot be reached and
 * there is a replica, that is opened. */
export async function openSharedLog(options: OpenSharedLog): Promise<SharedLog | undefined> {
  const { store, folder, name, create, isOurs, also } = options;
  const close = isOurs ? () => void store.close().catch(() => undefined) : () => undefined;
  try {
    const found = (await store.find(name)) ?? (create === undefined ? undefined : await made(store, name, create));
    if (found === undefined) return undefined;
    const ledger = await replicaOf(found, store, folder);
    const log = new SharedLog({ store, close, folder, brainId: found.id, replica: ledger, also });
    try {
      await log.pull(true);
      return log;
    } catch (error) {
      log.close();
      throw error;
    }
  } catch (error) {
    const id = await readId(folder);
    if (!isAway(error) || id === undefined || !existsSync(join(folder, 'ledger.sqlite'))) throw error;
    const replica = Ledger.open(join(folder, 'ledger.sqlite'));
    return new SharedLog({ store, close, folder, brainId: id, replica, also }, error);
  }
}

async function made(store: Store, name: string, model: ModelIdentity): Promise<StoredBrain> {
  const { brain } = await store.create(name, [rowOf({ kind: 'created', memoryId: null, payload: { model } })]);
  return brain;
}

/** The replica in a folder. One of another brain, which had this name before, is set aside. */
async function replicaOf(brain: StoredBrain, store: Store, folder: string): Promise<Ledger> {
  const id = await readId(folder);
  if (id !== undefined && id !== brain.id) {
    const doomed = `${folder}.removed-${process.pid}-${Date.now()}`;
    await rename(folder, doomed);
    await rm(doomed, { recursive: true, force: true });
  }
  await makeFolder(join(folder, 'adapters'));
  const path = join(folder, 'ledger.sqlite');
  const first = id === brain.id && existsSync(path) ? [] : (await store.since(brain.id, 0)).map(eventOf);
  const ledger = Ledger.openReplica(path, first);
  // After the ledger: a replica without its name is begun anew, one with the wrong events would not be.
  if (id !== brain.id) await writeFileAtomic(idPath(folder), JSON.stringify({ id: brain.id, store: store.place }));
  return ledger;
}

interface SharedLogParts {
  store: Store;
  brainId: string;
  replica: Ledger;
  folder: string;
  /** Gives up the store. */
  close: () => void;
  also: Also | undefined;
}

export class SharedLog implements Log, Sharing {
  readonly shared = this;
  readonly #parts: SharedLogParts;
  #failedAt = -Infinity;
  #failure: unknown;
  #pulling: Promise<void> | undefined;
  #isSwept = false;

  /** `failure`: why the store is not asked now. Use openSharedLog(). */
  constructor(parts: SharedLogParts, failure?: unknown) {
    this.#parts = parts;
    if (failure !== undefined) this.#fail(failure);
  }

  since(id: number): LedgerEvent[] {
    return this.#parts.replica.since(id);
  }

  about(memoryId: string): LedgerEvent[] {
    return this.#parts.replica.about(memoryId);
  }

  copyTo(path: string): void {
    this.#parts.replica.copyTo(path);
  }

  close(): void {
    this.#parts.replica.close();
    this.#parts.close();
  }

  async append(events: readonly EventBody[], gone: readonly AdapterRecord[] = []): Promise<LedgerEvent[]> {
    const named = events.flatMap((event) => adapterOf(event) ?? []);
    for (const { memoryId, adapter } of named) await this.keep(memoryId, adapter);
    const { store, brainId, replica } = this.#parts;
    const seen = replica.last();
    const needs = named.map(({ adapter }) => adapter.sha256);
    const written = await store.commit(brainId, {
      ...{ seen, needs, events: events.map(rowOf), also: this.#parts.also },
      drops: gone.map(({ sha256 }) => sha256).filter((sha256) => !needs.includes(sha256)),
    });
    const known = written.map(eventOf);
    replica.adopt(known);
    await this.#sweep();
    return known.slice(-events.length);
  }

  /** Calls that overlap share one. */
  async pull(must: boolean): Promise<void> {
    if (!must && performance.now() - this.#failedAt < PAUSE_MS) return;
    this.#pulling ??= this.#pull().finally(() => (this.#pulling = undefined));
    try {
      await this.#pulling;
      [this.#failedAt, this.#failure] = [-Infinity, undefined];
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#fail(error);
      if (must) throw error;
    }
  }

  async fetch({ sha256 }: AdapterRecord, path: string): Promise<boolean> {
    const data = await this.#parts.store.getAdapter(this.#parts.brainId, sha256);
    if (data === undefined || createHash('sha256').update(data).digest('hex') !== sha256) return false;
    await writeFileAtomic(path, data);
    return true;
  }

  get remark(): string | undefined {
    if (this.#failure === undefined) return undefined;
    const why = this.#failure instanceof Error ? this.#failure.message : 'The store did not answer.';
    const { replica } = this.#parts;
    const [last] = replica.since(replica.last() - 1);
    return `${why} What is here is used, whose last change is of ${last?.time ?? ''}; nothing can be changed.`;
  }

  async #pull(): Promise<void> {
    for (;;) {
      const { store, brainId, replica } = this.#parts;
      const rows = await store.since(brainId, replica.last());
      replica.adopt(rows.map(eventOf));
      if (rows.length < 1000) return;
    }
  }

  async keep(memoryId: string, adapter: AdapterRecord): Promise<void> {
    const { store, brainId, folder } = this.#parts;
    const path = join(folder, 'adapters', adapterFileName(memoryId, adapter.revision ?? 0));
    await store.putAdapter(brainId, adapter.sha256, await readFile(path));
  }

  /** Once: adapters that were uploaded and never committed, long ago. What goes wrong with that harms nobody. */
  async #sweep(): Promise<void> {
    if (this.#isSwept) return;
    this.#isSwept = true;
    const { store, brainId, replica } = this.#parts;
    const memories = new Map<string, StoredMemory>();
    applyEvents(memories, replica.since(0));
    const kept = [...memories.values()].flatMap(({ adapter }) => adapter?.sha256 ?? []);
    await store.sweep(brainId, replica.last(), kept).catch(() => undefined);
  }

  #fail(error: unknown): void {
    this.#failedAt = performance.now();
    this.#failure = error;
  }
}

/** The adapter that an event commits. */
export function adapterOf(event: EventBody): { memoryId: string; adapter: AdapterRecord } | undefined {
  return event.memoryId !== null && 'adapter' in event.payload
    ? { memoryId: event.memoryId, adapter: event.payload.adapter }
    : undefined;
}

export function rowOf({ kind, memoryId, payload }: EventBody): NewEvent {
  const row = { kind, memoryId, payload: JSON.stringify(payload) };
  // One such event would make a damaged brain of the whole log.
  if (parseEvent({ id: 0, time: '', kind, memory_id: memoryId, payload: row.payload }) === undefined) {
    throw new EngramError('internal', `A ${kind} event of ${String(memoryId)} lacks something, or has too much.`);
  }
  return row;
}

function eventOf({ seq, time, kind, memoryId, payload }: StoredEvent): LedgerEvent {
  const event = parseEvent({ id: seq, time, kind, memory_id: memoryId, payload });
  if (event !== undefined) return event;
  throw new EngramError('unsupported', `Event ${seq} of this brain is none that this engram knows.`, {
    hint: 'Update engram; if it is the newest, the store is damaged.',
  });
}

function isAway(error: unknown): boolean {
  return error instanceof EngramError && error.code === 'network';
}

function idPath(folder: string): string {
  return join(folder, 'shared.json');
}

async function readId(folder: string): Promise<string | undefined> {
  try {
    const { id } = JSON.parse(await readFile(idPath(folder), 'utf8')) as { id?: unknown };
    return typeof id === 'string' ? id : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}
