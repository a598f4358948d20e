// Work on the brains of a store that somebody else is to do: handed over once, taken under a lease, ended in the transaction that commits
// what came of it. A worker that falls silent loses its lease, another takes the job, and what the first one then commits is refused.
// Jobs of one brain are done in their order, those of several at the same time. Not here: the work (learn/work.ts).
import { EngramError } from '../errors.js';
import type { Queries, Row } from './database.js';
import type { Store } from './store.js';

export type JobState = 'waiting' | 'active' | 'done' | 'failed';

export interface NewJob {
  /** A UUID. The same again is the same job, however often it is sent. */
  id: string;
  brainId: string;
  /** sha256 of the model that the brain belongs to: only workers with that take it. */
  model: string;
  kind: string;
  /** JSON. */
  data: string;
}

export interface Job extends NewJob {
  /** Of the brain. */
  name: string;
  state: JobState;
  /** How often it was taken. */
  attempt: number;
  worker: string | undefined;
  /** JSON, as far as there is some. */
  progress: string | undefined;
  result: string | undefined;
}

/** A job that was taken so often without an end is given up: it may be what kills its workers. */
export const MOST_ATTEMPTS = 5;

const GIVEN_UP = `It was begun ${MOST_ATTEMPTS} times and never ended.`;

const JOB = `j.id::text AS id, j.brain_id::text AS brain_id, b.name, j.model, j.kind, j.data::text AS data, j.state, j.attempt,
  j.worker, j.progress::text AS progress, j.result::text AS result`;
const FROM = 'FROM engram.job j JOIN engram.brain b ON b.id = j.brain_id WHERE b.tenant = current_user';
const FREE = `(j.state = 'waiting' OR j.state = 'active') AND j.until < clock_timestamp()`;

export class Jobs {
  constructor(private readonly store: Store) {}

  async send({ id, brainId, model, kind, data }: NewJob): Promise<void> {
    const database = await this.store.ready();
    await database.query(
      `INSERT INTO engram.job (id, brain_id, model, kind, data) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
      [id, brainId, model, kind, data],
    );
  }

  async get(id: string): Promise<Job | undefined> {
    const [row] = await (await this.store.ready()).query(`SELECT ${JOB} ${FROM} AND j.id = $1`, [id]);
    return row === undefined ? undefined : jobOf(row);
  }

  /** The latest, latest first. */
  async list(most = 100): Promise<Job[]> {
    const rows = await (await this.store.ready()).query(`SELECT ${JOB} ${FROM} ORDER BY j.seq DESC LIMIT $1`, [most]);
    return rows.map(jobOf);
  }

  /** The first job that is free: of its brain nothing earlier is open. Its lease ends after so many seconds without beat(). */
  async take(worker: string, model: string, leaseSeconds: number): Promise<Job | undefined> {
    const database = await this.store.ready();
    return database.transaction(async (queries) => {
      // The brain's row is what two that take at the same moment meet at; one that is just being written is passed over.
      const [found] = await queries.query(
        `SELECT j.id::text AS id, j.attempt ${FROM} AND j.model = $1 AND ${FREE}
         AND NOT EXISTS (SELECT 1 FROM engram.job e
           WHERE e.brain_id = j.brain_id AND e.seq < j.seq AND e.state IN ('waiting', 'active'))
         ORDER BY j.seq LIMIT 1 FOR UPDATE OF b, j SKIP LOCKED`,
        [model],
      );
      if (found === undefined) return undefined;
      const [taken] = await queries.query(
        `UPDATE engram.job j SET worker = $2, progress = NULL,
           state = CASE WHEN j.attempt < ${MOST_ATTEMPTS} THEN 'active' ELSE 'failed' END,
           result = CASE WHEN j.attempt < ${MOST_ATTEMPTS} THEN NULL ELSE $5::json END,
           attempt = j.attempt + 1, until = clock_timestamp() + make_interval(secs => $3)
         FROM engram.brain b WHERE b.id = j.brain_id AND j.id = $1 AND ${FREE} AND j.attempt = $4 RETURNING ${JOB}`,
        [found['id'], worker, leaseSeconds, found['attempt'], JSON.stringify({ message: GIVEN_UP })],
      );
      return taken?.['state'] === 'active' ? jobOf(taken) : undefined;
    });
  }

  /** Keeps the lease, with how far the work is. False if the job is another's by now, or ended. */
  async beat({ id, attempt }: Job, leaseSeconds: number, progress?: object): Promise<boolean> {
    const rows = await (
      await this.store.ready()
    ).query(
      `UPDATE engram.job SET until = clock_timestamp() + make_interval(secs => $3), progress = coalesce($4::json, progress)
       WHERE id = $1 AND attempt = $2 AND state = 'active' RETURNING id`,
      [id, attempt, leaseSeconds, progress === undefined ? null : JSON.stringify(progress)],
    );
    return rows.length === 1;
  }

  /** In the transaction that commits a part of the work. Throws `locked` if the job is another's by now: then nothing is committed. */
  async hold(queries: Queries, { id, attempt }: Job): Promise<void> {
    const rows = await queries.query(
      `SELECT 1 AS held FROM engram.job WHERE id = $1 AND attempt = $2 AND state = 'active' FOR UPDATE`,
      [id, attempt],
    );
    if (rows.length === 0) throw lost(id);
  }

  /** In the transaction that commits the work, or by itself where nothing is to be committed. Throws `locked` as hold() does. */
  async end(job: Job, state: 'done' | 'failed', result: object, queries?: Queries): Promise<void> {
    if (queries !== undefined) await end(queries, job, state, result);
    else await (await this.store.ready()).transaction((own) => end(own, job, state, result));
  }

  /** Lets others take it, after a while: what went wrong may pass. */
  async giveBack({ id, attempt }: Job, waitSeconds: number, progress: object): Promise<void> {
    await (
      await this.store.ready()
    ).query(
      `UPDATE engram.job SET state = 'waiting', until = clock_timestamp() + make_interval(secs => $3), progress = $4::json
       WHERE id = $1 AND attempt = $2 AND state = 'active'`,
      [id, attempt, waitSeconds, JSON.stringify(progress)],
    );
  }

  /** How many wait for a worker with another model. */
  async waitingForOthers(model: string): Promise<number> {
    const [row] = await (
      await this.store.ready()
    ).query(`SELECT count(*)::int AS count ${FROM} AND j.state IN ('waiting', 'active') AND j.model <> $1`, [model]);
    return Number(row?.['count']);
  }
}

async function end(queries: Queries, job: Job, state: 'done' | 'failed', result: object): Promise<void> {
  const rows = await queries.query(
    `UPDATE engram.job SET state = $3, result = $4::json
     WHERE id = $1 AND attempt = $2 AND state = 'active' RETURNING id`,
    [job.id, job.attempt, state, JSON.stringify(result)],
  );
  if (rows.length === 0) throw lost(job.id);
}

function lost(id: string): EngramError {
  return new EngramError('locked', `The job ${id} was given to another worker. Nothing was committed.`, {
    hint: 'This worker was silent for longer than its lease.',
    details: { job: id },
  });
}

function jobOf(row: Row): Job {
  const text = (name: string): string | undefined => (typeof row[name] === 'string' ? row[name] : undefined);
  return {
    id: String(row['id']),
    brainId: String(row['brain_id']),
    name: String(row['name']),
    model: String(row['model']),
    kind: String(row['kind']),
    data: String(row['data']),
    state: row['state'] as JobState,
    attempt: Number(row['attempt']),
    worker: text('worker'),
    progress: text('progress'),
    result: text('result'),
  };
}
