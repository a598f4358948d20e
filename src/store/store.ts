// The brains of a store: one log of events each, in order, and the adapters that the events name, by their hashes. The log is the
// truth; who reads it keeps a replica. Not here: what events mean (brain/), the tables (schema.ts).
import { randomUUID } from 'node:crypto';
import { EngramError } from '../errors.js';
import type { Database, Queries, Row } from './database.js';
import type { Blobs } from './blobs.js';
import { connectPostgres, readAddress } from './postgres.js';
import { openS3 } from './s3.js';
import { setUp } from './schema.js';

export interface StoredBrain {
  id: string;
  name: string;
  /** The number of its last event. */
  version: number;
}

export interface NewEvent {
  kind: string;
  memoryId: string | null;
  /** JSON. */
  payload: string;
}

/** `seq` counts from 1 without gaps; `time` is ISO 8601 in UTC. Events of one commit, and no others, have the same time. */
export interface StoredEvent extends NewEvent {
  seq: number;
  time: string;
}

export type Also = (queries: Queries, written: readonly StoredEvent[]) => Promise<void>;

export interface Commit {
  /** The last event that the writer knew when it decided. */
  seen: number;
  events: readonly NewEvent[];
  /** Hashes of adapters that have to be stored by now, and of those that go. */
  needs: readonly string[];
  drops: readonly string[];
  /** What else is committed in the same transaction, e.g. the end of the job that this was for. Throws to refuse it all. */
  also?: Also | undefined;
}

const EVENT = `seq::int AS seq, kind, memory_id, payload::text AS payload,
  to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time`;

/** Asks nothing of the server yet: whoever uses it does. Throws `usage` for an address that cannot be. */
export async function openStore(address: string): Promise<Store> {
  const { adapters } = readAddress(address);
  const blobs = adapters === undefined ? undefined : await openS3(adapters);
  return new Store(await connectPostgres(address), blobs);
}

/** What opens with its first use throws then: `network`, `usage` (password, rights, no such database),
 * `unsupported` (a newer store), `corrupt`, `locked`, `disk`. */
export class Store {
  readonly #database: Database;
  readonly #blobs: Blobs | undefined;
  #settingUp: Promise<void> | undefined;

  /** `blobs`: where adapters go; left out: into the database. Those that are in it already stay there. */
  constructor(database: Database, blobs?: Blobs) {
    this.#database = database;
    this.#blobs = blobs;
  }

  /** Where it is, as people know it. */
  get place(): string {
    return this.#database.place;
  }

  /** The same for the same brains; becomes part of a folder's name. */
  get key(): string {
    return this.#database.key;
  }

  /** The database with the tables in it. */
  async ready(): Promise<Database> {
    this.#settingUp ??= setUp(this.#database);
    try {
      await this.#settingUp;
    } catch (error) {
      this.#settingUp = undefined;
      throw error;
    }
    return this.#database;
  }

  /** By name. */
  async brains(): Promise<StoredBrain[]> {
    const rows = await (
      await this.ready()
    ).query(
      'SELECT id::text AS id, name, version::int AS version FROM engram.brain WHERE tenant = current_user ORDER BY name',
    );
    return rows.map(brainOf);
  }

  async find(name: string): Promise<StoredBrain | undefined> {
    return findIn(await this.ready(), name);
  }

  /** Makes a brain with its first events, or gives the one of that name that is there. */
  async create(name: string, events: readonly NewEvent[]): Promise<{ brain: StoredBrain; isNew: boolean }> {
    return (await this.ready()).transaction(async (queries) => {
      const [made] = await queries.query(
        `INSERT INTO engram.brain (id, name, version, last_time) VALUES ($1, $2, 0, 'epoch')
         ON CONFLICT (tenant, name) DO NOTHING RETURNING id::text AS id`,
        [randomUUID(), name],
      );
      if (made === undefined) return { brain: (await findIn(queries, name))!, isNew: false };
      const id = String(made['id']);
      await insert(queries, id, 0, events);
      return { brain: { id, name, version: events.length }, isNew: true };
    });
  }

  /** Makes a brain of a whole log from elsewhere, with its times. Throws `exists`. `adapters` are put before it is seen. */
  async take(
    name: string,
    events: readonly (NewEvent & { time: string })[],
    adapters: AsyncIterable<{ sha256: string; data: Uint8Array }>,
  ): Promise<StoredBrain> {
    return (await this.ready()).transaction(async (queries) => {
      const id = randomUUID();
      const [made] = await queries.query(
        `INSERT INTO engram.brain (id, name, version, last_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant, name) DO NOTHING RETURNING id::text AS id`,
        [id, name, events.length, events.at(-1)!.time],
      );
      if (made === undefined) {
        throw new EngramError('exists', `There is a brain "${name}" in the store already.`, {
          hint: 'Give it another name with --as.',
        });
      }
      for (const [i, { time, ...event }] of events.entries()) {
        await queries.query(
          'INSERT INTO engram.event (brain_id, seq, time, kind, memory_id, payload) VALUES ($1, $2, $3, $4, $5, $6)',
          [id, i + 1, time, event.kind, event.memoryId, event.payload],
        );
      }
      for await (const { sha256, data } of adapters) {
        await this.#blobs?.put(keyOf(id, sha256), data);
        await this.#note(queries, id, sha256, data);
      }
      return { id, name, version: events.length };
    });
  }

  /** At most so many events after one, oldest first. */
  async since(brainId: string, seq: number, most = 1000): Promise<StoredEvent[]> {
    return eventsIn(await this.ready(), brainId, seq, most);
  }

  /**
   * Adds events, all of them or none, and gives what the log has after `seen`: what others wrote meanwhile, and these. The brain's row is held meanwhile, so that its log has one order and no gaps. What others wrote
   * since `seen` does no harm, unless it is about the same memories, or about the whole brain: then throws `locked`. Throws
   * `not_found` for a brain that is gone, and for adapters that are.
   */
  async commit(brainId: string, { seen, events, needs, drops, also }: Commit): Promise<StoredEvent[]> {
    const written = await (
      await this.ready()
    ).transaction(async (queries) => {
      const [brain] = await queries.query(
        'SELECT version::int AS version FROM engram.brain WHERE id = $1 AND tenant = current_user FOR UPDATE',
        [brainId],
      );
      if (brain === undefined) throw new EngramError('not_found', 'This brain is no longer in the store.');
      const version = Number(brain['version']);
      if (version < seen) throw behind(this.place, version, seen);
      const others = version > seen ? await eventsIn(queries, brainId, seen) : [];
      refuseConflict(others, events);
      await requireAdapters(queries, brainId, needs);
      const written = await insert(queries, brainId, version, events);
      if (drops.length > 0) {
        await queries.query('DELETE FROM engram.adapter WHERE brain_id = $1 AND sha256 = ANY($2)', [brainId, drops]);
      }
      await also?.(queries, written);
      return [...others, ...written];
    });
    await this.#remove(brainId, drops);
    return written;
  }

  /** Keeps an adapter's bytes; again is no fault. */
  async putAdapter(brainId: string, sha256: string, data: Uint8Array): Promise<void> {
    const database = await this.ready();
    await this.#blobs?.put(keyOf(brainId, sha256), data); // with no transaction open meanwhile
    await this.#note(database, brainId, sha256, data);
  }

  async getAdapter(brainId: string, sha256: string): Promise<Uint8Array | undefined> {
    const database = await this.ready();
    const [row] = await database.query('SELECT data FROM engram.adapter WHERE brain_id = $1 AND sha256 = $2', [
      brainId,
      sha256,
    ]);
    if (row?.['data'] !== null) return row?.['data'] as Uint8Array | undefined;
    if (this.#blobs !== undefined) return this.#blobs.get(keyOf(brainId, sha256));
    throw new EngramError('usage', `Adapters of the store ${this.place} are outside of its database.`, {
      hint: 'Name their place in its address, as the others do: …?adapters=s3://bucket/prefix',
    });
  }

  /** Deletes adapters that were put an hour ago or earlier and are not kept, if nothing was committed since `seen`: a worker that was
   * refused, or killed before its commit, leaves one behind. */
  async sweep(brainId: string, seen: number, kept: readonly string[]): Promise<void> {
    const gone = await (
      await this.ready()
    ).query(
      `DELETE FROM engram.adapter WHERE brain_id = $1 AND stored < now() - interval '1 hour' AND sha256 <> ALL($3)
       AND EXISTS (SELECT 1 FROM engram.brain WHERE id = $1 AND tenant = current_user AND version = $2 FOR UPDATE)
       RETURNING sha256`,
      [brainId, seen, kept],
    );
    await this.#remove(
      brainId,
      gone.map(({ sha256 }) => String(sha256)),
    );
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** The row that says that an adapter is there; its bytes are in it, or are in their place already. */
  async #note(queries: Queries, brainId: string, sha256: string, data: Uint8Array): Promise<void> {
    await queries.query(
      `INSERT INTO engram.adapter (brain_id, sha256, data) VALUES ($1, $2, $3)
       ON CONFLICT (brain_id, sha256) DO UPDATE SET stored = now()`, // so that sweep() lets it be
      [brainId, sha256, this.#blobs === undefined ? data : null],
    );
  }

  /** After the rows: what is left behind by an error is of no use, and does no harm. */
  async #remove(brainId: string, hashes: readonly string[]): Promise<void> {
    for (const sha256 of hashes) await this.#blobs?.remove(keyOf(brainId, sha256)).catch(() => undefined);
  }
}

async function findIn(queries: Queries, name: string): Promise<StoredBrain | undefined> {
  const [row] = await queries.query(
    'SELECT id::text AS id, name, version::int AS version FROM engram.brain WHERE tenant = current_user AND name = $1',
    [name],
  );
  return row === undefined ? undefined : brainOf(row);
}

/** One time for all of them, later than any before, whatever the server's clock says. */
async function insert(
  queries: Queries,
  brainId: string,
  version: number,
  events: readonly NewEvent[],
): Promise<StoredEvent[]> {
  await queries.query(
    `UPDATE engram.brain SET version = $2::bigint,
       last_time = greatest(date_trunc('milliseconds', clock_timestamp()), last_time + interval '1 millisecond')
     WHERE id = $1`,
    [brainId, version + events.length],
  );
  const rows = await queries.query(
    `INSERT INTO engram.event (brain_id, seq, time, kind, memory_id, payload)
     SELECT $1::uuid, $2::bigint + n, last_time, kind, memory_id, payload::json
     FROM engram.brain, unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS new (kind, memory_id, payload, n)
     WHERE id = $1::uuid
     RETURNING ${EVENT}`,
    [
      ...[brainId, version],
      ...[events.map(({ kind }) => kind), events.map(({ memoryId }) => memoryId), events.map(({ payload }) => payload)],
    ],
  );
  return rows.map(eventOf).sort((a, b) => a.seq - b.seq);
}

/** A key is of its brain: the same bytes in another brain are another tenant's, perhaps. */
function keyOf(brainId: string, sha256: string): string {
  return `${brainId}/${sha256}`;
}

async function eventsIn(queries: Queries, brainId: string, seq: number, most?: number): Promise<StoredEvent[]> {
  const rows = await queries.query(
    `SELECT ${EVENT} FROM engram.event WHERE brain_id = $1 AND seq > $2 ORDER BY engram.event.seq LIMIT $3`,
    [brainId, seq, most ?? null],
  );
  return rows.map(eventOf);
}

function refuseConflict(others: readonly StoredEvent[], events: readonly NewEvent[]): void {
  const ours = new Set(events.map(({ memoryId }) => memoryId));
  const other = others.find(({ memoryId }) => ours.has(null) || memoryId === null || ours.has(memoryId));
  if (other === undefined) return;
  const what = other.memoryId ?? 'The brain';
  throw new EngramError('locked', `${what} was ${other.kind} by someone else meanwhile. Nothing was changed.`, {
    hint: 'Try again: that begins with what is there now.',
    details: { conflict: what },
  });
}

async function requireAdapters(queries: Queries, brainId: string, needs: readonly string[]): Promise<void> {
  if (needs.length === 0) return;
  const rows = await queries.query('SELECT sha256 FROM engram.adapter WHERE brain_id = $1 AND sha256 = ANY($2)', [
    brainId,
    needs,
  ]);
  if (rows.length === new Set(needs).size) return;
  throw new EngramError('not_found', 'The adapter of this memory is no longer in the store. Nothing was committed.');
}

function behind(place: string, version: number, seen: number): EngramError {
  return new EngramError(
    'mismatch',
    `The store ${place} has ${version} events of this brain, and this machine has seen ${seen}: it was put back to an earlier state.`,
    { hint: 'If that is right, delete the replica on this machine: docs/scaling.md says where it is.' },
  );
}

function brainOf(row: Row): StoredBrain {
  return { id: String(row['id']), name: String(row['name']), version: Number(row['version']) };
}

function eventOf(row: Row): StoredEvent {
  const memoryId = row['memory_id'];
  return {
    seq: Number(row['seq']),
    time: String(row['time']),
    kind: String(row['kind']),
    memoryId: typeof memoryId === 'string' ? memoryId : null,
    payload: String(row['payload']),
  };
}
