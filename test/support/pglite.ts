// PostgreSQL in this process, as a store's database. It has one session, so it shows what queries do, and nothing about locks.
import { PGlite } from '@electric-sql/pglite';
import type { Database, Queries, Row } from '../../src/store/index.js';

/** As a role, where one is given: the superuser that it begins with is above row-level security. */
export function databaseOf(server: PGlite, role?: string): Database {
  const run = <T>(action: (queries: Queries) => Promise<T>): Promise<T> =>
    server.transaction(async (session) => {
      if (role !== undefined) await session.exec(`SET LOCAL ROLE ${role}`);
      return action({
        query: async (text, values) => (await session.query<Row>(text, [...(values ?? [])])).rows,
        script: async (text) => {
          await session.exec(text);
        },
      });
    });
  return {
    place: 'pglite',
    key: `pglite-${role ?? 'owner'}`,
    transaction: run,
    query: (text, values) => run((queries) => queries.query(text, values)),
    script: (text) => run((queries) => queries.script(text)),
    close: () => Promise.resolve(),
  };
}

export { PGlite };
