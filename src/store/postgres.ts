// A PostgreSQL server as a Database, through node-postgres. Not here: the queries. Nothing waits forever: a server behind a broken
// line is given up after seconds, and it gives us up too.
import { createHash } from 'node:crypto';
import type { Client, ClientBase, Pool, PoolClient, PoolConfig } from 'pg';
import { EngramError } from '../errors.js';
import type { Database, Queries, Row } from './database.js';
import { translate } from './errors.js';
import { readBucket } from './s3.js';

/** Milliseconds until a connection is given up, and a query. An adapter of some 30 MB has to come through in the latter. */
const CONNECT_MS = 10_000;
const QUERY_MS = 60_000;
/** Milliseconds after which the server ends a transaction whose client is silent: it holds a brain. */
const IDLE_MS = 30_000;

/** Opens nothing yet: the first query does. `postgres://user:password@host:port/database?tenant=role`, and what libpq's variables
 * (PGPASSWORD …) say; `tenant`: the role that the brains belong to, where it is not the user. Throws `usage`. */
export async function connectPostgres(address: string): Promise<Database> {
  const { url, tenant } = readAddress(address);
  const { default: pg } = await import('pg'); // a brain in files does not wait for it
  const config: PoolConfig = {
    connectionString: url.href,
    max: 4,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    idle_in_transaction_session_timeout: IDLE_MS,
    keepAlive: true,
    allowExitOnIdle: true,
    application_name: 'engram',
  };
  return new Postgres(new pg.Pool(config), new pg.Client(config), tenant);
}

export interface StoreAddress {
  address: string;
  url: URL;
  /** The role that brains belong to, where it is not the user. */
  tenant: string | undefined;
  /** Where adapters are, where they are not in the database: s3://bucket/prefix. */
  adapters: string | undefined;
}

/** Takes our own parameters out of an address. Throws `usage`, without repeating what may hold a password. */
export function readAddress(address: string): StoreAddress {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw new EngramError('usage', 'Expected the address of a store, such as postgres://user@host:5432/database.', {
      hint: 'Letters like @ : / # in a password are written as %40 %3A %2F %23.',
    });
  }
  const tenant = url.searchParams.get('tenant') ?? undefined;
  const adapters = url.searchParams.get('adapters') ?? undefined;
  if (adapters !== undefined) readBucket(adapters);
  url.searchParams.delete('tenant');
  url.searchParams.delete('adapters');
  // The driver takes these for the last one already, and warns at length that it will not always.
  const { searchParams: given } = url;
  if (/^(prefer|require|verify-ca)$/.test(given.get('sslmode') ?? '') && !given.has('uselibpqcompat')) {
    given.set('sslmode', 'verify-full');
  }
  if (tenant === '') throw new EngramError('usage', 'The address of the store has an empty tenant.');
  return { address, url, tenant, adapters };
}

class Postgres implements Database {
  readonly place: string;
  readonly key: string;
  readonly #pool: Pool;
  /** Begins a transaction as the tenant. Per transaction, so that a pooler between us and the server may share sessions. */
  readonly #begin: string;

  constructor(pool: Pool, { host, port, database, user }: Client, tenant: string | undefined) {
    this.#pool = pool;
    const name = `${user ?? ''}@${host}:${port}/${database ?? ''}`;
    this.place = `postgres://${name}${tenant === undefined ? '' : ` (tenant ${tenant})`}`;
    const seen = `${host}:${port}/${database ?? ''} ${tenant ?? user ?? ''}`;
    this.key = createHash('sha256').update(seen).digest('hex').slice(0, 12);
    this.#begin = tenant === undefined ? 'BEGIN' : `BEGIN; SET LOCAL ROLE "${tenant.replaceAll('"', '""')}"`;
    // A connection may end while nobody uses it, or between two queries of a transaction: the next query says so, or gets a new one.
    // Without a listener that would be the end of the process.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
  }

  query(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.transaction((queries) => queries.query(text, values));
  }

  script(text: string): Promise<void> {
    return this.transaction((queries) => queries.script(text));
  }

  async transaction<T>(action: (queries: Queries) => Promise<T>): Promise<T> {
    let client: PoolClient | undefined;
    try {
      client = await this.#pool.connect();
      await client.query(this.#begin);
      const result = await action(queriesOf(client));
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      // Thrown away with the connection: that ends it for the server too, also where no answer comes any more.
      client?.release(true);
      throw translate(error, this.place);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function queriesOf(client: ClientBase): Queries {
  return {
    query: async (text, values) => (await client.query<Row>(text, values === undefined ? [] : [...values])).rows,
    script: async (text) => {
      await client.query(text);
    },
  };
}
