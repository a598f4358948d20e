// The tables of a store, and how an older store gets them. Steps are only ever added. A step may add what older programs do not
// know; taking something away comes one release after nobody needs it. Not here: what is asked of the tables.
//
// A tenant is a role of the database: row-level security compares it with the role that asks, so a program cannot claim another.
// Payloads are json, not jsonb: jsonb refuses a zero character, which a text may have, and forgets how numbers were written.
import { EngramError } from '../errors.js';
import type { Database, Queries } from './database.js';

/** Any number, the same for all who set up a store. */
const SETUP_LOCK = 0x656e6772;
/** Brains are spread over so many tables, each with indexes that stay small. */
const PARTS = 64;

const BEGINNING = `
  CREATE SCHEMA IF NOT EXISTS engram;
  GRANT USAGE ON SCHEMA engram TO PUBLIC;
  CREATE TABLE engram.schema_step (version int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
  GRANT SELECT ON engram.schema_step TO PUBLIC;`;

const MINE = 'EXISTS (SELECT 1 FROM engram.brain WHERE id = brain_id AND tenant = current_user)';

const FIRST = `
  CREATE TABLE engram.brain (
    id uuid PRIMARY KEY,
    tenant name NOT NULL DEFAULT current_user,
    name text NOT NULL,
    version bigint NOT NULL,
    last_time timestamptz NOT NULL,
    UNIQUE (tenant, name)
  );
  CREATE TABLE engram.event (
    brain_id uuid NOT NULL REFERENCES engram.brain,
    seq bigint NOT NULL,
    time timestamptz NOT NULL,
    kind text NOT NULL,
    memory_id text,
    payload json NOT NULL,
    PRIMARY KEY (brain_id, seq)
  ) PARTITION BY HASH (brain_id);
  CREATE UNIQUE INDEX event_memory_once ON engram.event (brain_id, memory_id) WHERE kind = 'remembered';
  DO $$ BEGIN
    FOR i IN 0..${PARTS - 1} LOOP
      EXECUTE format('CREATE TABLE engram.event_%s PARTITION OF engram.event FOR VALUES WITH (MODULUS ${PARTS}, REMAINDER %s)', i, i);
    END LOOP;
  END $$;
  CREATE FUNCTION engram.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the log is append-only'; END $$;
  CREATE TRIGGER event_never_changes BEFORE UPDATE OR DELETE ON engram.event FOR EACH ROW EXECUTE FUNCTION engram.refuse();
  CREATE TABLE engram.adapter (
    brain_id uuid NOT NULL REFERENCES engram.brain,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    data bytea NOT NULL,
    stored timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (brain_id, sha256)
  );
  ALTER TABLE engram.adapter ALTER COLUMN data SET STORAGE EXTERNAL;
  ALTER TABLE engram.brain ENABLE ROW LEVEL SECURITY;
  ALTER TABLE engram.brain FORCE ROW LEVEL SECURITY;
  ALTER TABLE engram.event ENABLE ROW LEVEL SECURITY;
  ALTER TABLE engram.event FORCE ROW LEVEL SECURITY;
  ALTER TABLE engram.adapter ENABLE ROW LEVEL SECURITY;
  ALTER TABLE engram.adapter FORCE ROW LEVEL SECURITY;
  CREATE POLICY tenants ON engram.brain USING (tenant = current_user) WITH CHECK (tenant = current_user);
  CREATE POLICY tenants ON engram.event USING (${MINE}) WITH CHECK (${MINE});
  CREATE POLICY tenants ON engram.adapter USING (${MINE}) WITH CHECK (${MINE});
  GRANT SELECT, INSERT, UPDATE (version, last_time) ON engram.brain TO PUBLIC;
  GRANT SELECT, INSERT ON engram.event TO PUBLIC;
  GRANT SELECT, INSERT, UPDATE (stored), DELETE ON engram.adapter TO PUBLIC;`;

/** A worker's claim to a job is its attempt: whoever commits for an earlier one is refused. */
const JOBS = `
  CREATE TABLE engram.job (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    brain_id uuid NOT NULL REFERENCES engram.brain,
    model text NOT NULL,
    kind text NOT NULL,
    data json NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'done', 'failed')),
    attempt int NOT NULL DEFAULT 0,
    worker text,
    until timestamptz NOT NULL DEFAULT '-infinity',
    progress json,
    result json,
    sent timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  CREATE INDEX job_open ON engram.job (brain_id, seq) WHERE state IN ('waiting', 'active');
  ALTER TABLE engram.job ENABLE ROW LEVEL SECURITY;
  ALTER TABLE engram.job FORCE ROW LEVEL SECURITY;
  CREATE POLICY tenants ON engram.job USING (${MINE}) WITH CHECK (${MINE});
  GRANT SELECT, INSERT, UPDATE (state, attempt, worker, until, progress, result) ON engram.job TO PUBLIC;`;

/** So that a worker finds the first job that is free without sorting all that wait, and adapters may be elsewhere (files.ts). */
const MANY = `
  CREATE INDEX job_next ON engram.job (model, seq) WHERE state IN ('waiting', 'active');
  ALTER TABLE engram.adapter ALTER COLUMN data DROP NOT NULL;`;

const STEPS: readonly string[] = [FIRST, JOBS, MANY];

export const STORE_VERSION = STEPS.length;

/** Makes the tables where there are none, and takes an older store further, `to` a version. Throws `unsupported` for a newer one, `usage` where the
 * role may not do it. */
export async function setUp(database: Database, to = STORE_VERSION): Promise<void> {
  if ((await versionOf(database)) === to) return;
  await database.transaction(async (queries) => {
    await queries.query('SELECT pg_advisory_xact_lock($1)', [SETUP_LOCK]);
    const version = await versionOf(queries); // another may have been first
    if (version > STORE_VERSION) throw newer(database.place, version);
    if (version === 0) await queries.script(BEGINNING);
    for (const [i, step] of STEPS.slice(0, to).entries()) {
      if (i < version) continue;
      await queries.script(step);
      await queries.query('INSERT INTO engram.schema_step (version) VALUES ($1)', [i + 1]);
    }
  });
}

async function versionOf(queries: Queries): Promise<number> {
  const [found] = await queries.query(`SELECT to_regclass('engram.schema_step') IS NOT NULL AS is_there`);
  if (found?.['is_there'] !== true) return 0;
  const [row] = await queries.query('SELECT coalesce(max(version), 0)::int AS version FROM engram.schema_step');
  return Number(row?.['version']);
}

function newer(place: string, version: number): EngramError {
  return new EngramError(
    'unsupported',
    `The store ${place} was set up by a newer engram: its tables have version ${version}, this program knows up to ${STORE_VERSION}.`,
    { hint: 'Update engram.', details: { place, version } },
  );
}
