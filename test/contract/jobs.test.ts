// Jobs of a store and workers that do them, over PostgreSQL in this process and a real server where there is one. The brains, their log
// and the gate are real; the model is the unit tests' (fakes/memorizer.ts).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openBrain, type Brain } from '../../src/brain/index.js';
import { learnerOver, work, type Outcome, type Workplace, type WorkOptions } from '../../src/learn/index.js';
import { Jobs, MOST_ATTEMPTS, openStore, setUp, Store, type Job } from '../../src/store/index.js';
import { FakeWorld, TINY } from '../fakes/memorizer.js';
import { newReceipt } from '../fakes/results.js';
import { databaseOf, PGlite } from '../support/pglite.js';
import { findPostgres, startPostgres } from '../support/postgres.js';

const bin = findPostgres();
const PLACES: Record<string, () => Promise<{ client: () => Promise<Store>; stop: () => Promise<void> }>> = {
  pglite: async () => {
    const server = await PGlite.create();
    return { client: () => Promise.resolve(new Store(databaseOf(server))), stop: () => server.close() };
  },
  ...(bin === undefined
    ? {}
    : {
        postgres: async () => {
          const server = await startPostgres(bin);
          return { client: () => openStore(server.address), stop: server.stop };
        },
      }),
};

const homes: string[] = [];
const newHome = (): string => {
  homes.push(mkdtempSync(join(tmpdir(), 'engram-jobs-')));
  return homes.at(-1)!;
};
const fails = (code: string): unknown => expect.objectContaining({ name: 'EngramError', code }) as unknown;

let names = 0;
/** PostgreSQL in this process begins slowly on a busy machine. */
const START_MS = 600_000;

describe.each(Object.entries(PLACES))('jobs in %s', (_where, start) => {
  let place: Awaited<ReturnType<typeof start>>;
  let store: Store;
  let jobs: Jobs;
  let name: string;
  const opened: { close: () => unknown }[] = [];
  beforeAll(async () => {
    place = await start();
  }, START_MS);
  afterAll(() => place.stop());
  afterEach(async () => {
    // A lease that ends is another test's job.
    await (await store.ready()).query("UPDATE engram.job SET state = 'failed' WHERE state <> 'done'");
    for (const one of opened.splice(0)) await one.close();
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
  });

  const client = async (): Promise<Store> => {
    const one = await place.client();
    opened.push(one);
    return one;
  };
  const open = async (also?: Parameters<typeof openBrain>[0]['also']): Promise<Brain> => {
    const given = { home: newHome(), name, model: TINY, create: true, store: await client() };
    const brain = await openBrain(also === undefined ? given : { ...given, also });
    opened.push(brain);
    return brain;
  };
  const begin = async (): Promise<string> => {
    store = await client();
    jobs = new Jobs(store);
    name = `brain-${++names}`;
    await open();
    return (await store.find(name))!.id;
  };
  let ids = 0;
  const send = async (brainId: string, data: object, kind = 'memorize', model = TINY.sha256): Promise<string> => {
    const id = `00000000-0000-4000-8000-${String(++ids).padStart(6, '0')}${String(names).padStart(6, '0')}`;
    await jobs.send({ id, brainId, model, kind, data: JSON.stringify(data) });
    return id;
  };
  /** `lingerMs`: for how long its learning goes on after the commit. */
  const newWorker = async (
    lingerMs = 0,
  ): Promise<{
    world: FakeWorld;
    run: (more?: Partial<WorkOptions>) => Promise<Outcome[]>;
  }> => {
    const home = newHome();
    const world = new FakeWorld(home);
    const own = await client();
    const learnNow = learnerOver((brain) => world.parts(brain));
    const learn: Workplace['learn'] = async (...given) => {
      const result = await learnNow(...given);
      await wait(lingerMs);
      return result;
    };
    const workplace: Workplace = { store: own, jobs: new Jobs(own), home, model: TINY, learn };
    const run = async (more: Partial<WorkOptions> = {}): Promise<Outcome[]> => {
      const outcomes: Outcome[] = [];
      const onEnd = (_job: Job, outcome: Outcome): void => void outcomes.push(outcome);
      await work(workplace, { worker: 'w', once: true, pollSeconds: 0.05, onEnd, ...more });
      return outcomes;
    };
    return { world, run };
  };

  it('are done once, however often they are sent, and their end comes with what they gave', async () => {
    const brainId = await begin();
    const job = { id: '11111111-0000-4000-8000-' + String(names).padStart(12, '0'), brainId, model: TINY.sha256 };
    for (let i = 0; i < 3; i++) await jobs.send({ ...job, kind: 'memorize', data: '{"input":"Bo runs the kiln."}' });
    expect(await (await newWorker()).run()).toEqual([{ became: 'done' }]);
    const done = (await jobs.get(job.id))!;
    expect(done).toMatchObject({ state: 'done', attempt: 1, name });
    const brain = await open();
    const [memory] = brain.memories();
    expect(brain.history().map(({ kind }) => kind)).toEqual(['created', 'remembered']);
    expect(JSON.parse(done.result!)).toMatchObject({ id: memory!.id, committed: true });
    expect(await brain.check()).toEqual([]);
  });

  it('of one brain are done in their order, those of others meanwhile', async () => {
    const one = await begin();
    const first = await send(one, { input: 'Bo lives in Ulm.' });
    await send(one, { input: 'Bo lives in Bonn.' });
    const otherName = name;
    const two = await begin();
    const other = await send(two, { input: 'Ann lives in Ulm.' });
    expect(otherName).not.toBe(name);
    expect((await jobs.take('a', TINY.sha256, 20))?.id).toBe(first);
    expect((await jobs.take('b', TINY.sha256, 20))?.id).toBe(other);
    expect(await jobs.take('c', TINY.sha256, 20)).toBeUndefined();
  });

  it('of a worker that fell silent are done by another, and what the first one commits is refused', async () => {
    const brainId = await begin();
    const id = await send(brainId, { input: 'Bo runs the kiln.' });
    const zombie = (await jobs.take('zombie', TINY.sha256, 0.05))!;
    await wait(100);
    expect(await (await newWorker()).run()).toEqual([{ became: 'done' }]);
    expect(await jobs.beat(zombie, 20)).toBe(false);
    const brain = await open((queries) => jobs.end(zombie, 'done', {}, queries));
    const late = brain.write('memorizing', async (writer) => {
      const memory = writer.newId('late');
      writeFileSync(writer.newAdapterPath(memory), 'late');
      return writer.remember({ id: memory, text: 'late', receipt: newReceipt(memory) });
    });
    await expect(late).rejects.toEqual(fails('locked'));
    expect((await open()).history().map(({ kind }) => kind)).toEqual(['created', 'remembered']);
    expect(await jobs.get(id)).toMatchObject({ state: 'done', attempt: 2 });
  });

  it('that begin again and again without an end are given up', async () => {
    const brainId = await begin();
    const id = await send(brainId, { input: 'It kills its workers.' });
    for (let i = 0; i < MOST_ATTEMPTS; i++) {
      expect((await jobs.take('w', TINY.sha256, 0.001))?.attempt).toBe(i + 1);
      await wait(20);
    }
    expect(await jobs.take('w', TINY.sha256, 1)).toBeUndefined();
    expect(await jobs.get(id)).toMatchObject({ state: 'failed' });
    expect((await jobs.get(id))?.result).toContain('never ended');
  });

  it('that cannot be done fail with the reason, and the next one is done', async () => {
    const brainId = await begin();
    const [bad, odd, foreign] = [
      await send(brainId, { input: '   ' }),
      await send(brainId, {}, 'dance'),
      await send(brainId, { input: 'x' }, 'memorize', 'f'.repeat(64)),
    ];
    expect(await (await newWorker()).run()).toMatchObject([
      { became: 'failed', code: 'empty' },
      { became: 'failed', code: 'usage' },
    ]);
    expect(JSON.parse((await jobs.get(bad))!.result!)).toMatchObject({ code: 'empty' });
    expect((await jobs.get(odd))?.result).toContain('dance');
    // One of another model waits for a worker that has it.
    expect(await jobs.get(foreign)).toMatchObject({ state: 'waiting', attempt: 0 });
    expect(await jobs.waitingForOthers(TINY.sha256)).toBe(1);
  });

  it('are done once they are committed, also if a sign of life comes after that', async () => {
    const brainId = await begin();
    const id = await send(brainId, { input: 'Bo runs the kiln.' });
    expect(await (await newWorker(700)).run({ leaseSeconds: 1 })).toEqual([{ became: 'done' }]);
    expect(await jobs.get(id)).toMatchObject({ state: 'done', attempt: 1 });
  });

  it('of another model are told of', async () => {
    const brainId = await begin();
    await send(brainId, { input: 'x' }, 'memorize', 'f'.repeat(64));
    const told: number[] = [];
    await (await newWorker()).run({ onOthers: (count) => void told.push(count) });
    expect(told).toEqual([1]);
  });

  it('go back to the others when a worker is stopped', async () => {
    const brainId = await begin();
    const id = await send(brainId, { input: 'Bo runs the kiln.' });
    const worker = await newWorker();
    const control = new AbortController();
    worker.world.onPass = () => {
      control.abort();
    };
    expect(await worker.run({ signal: control.signal })).toMatchObject([{ became: 'given back' }]);
    expect(await jobs.get(id)).toMatchObject({ state: 'waiting', attempt: 1 });
    expect(await (await newWorker()).run()).toEqual([{ became: 'done' }]);
    expect((await open()).memories()).toHaveLength(1);
  });

  it('mend what the store has lost', async () => {
    const brainId = await begin();
    await send(brainId, { input: 'Bo runs the kiln.' });
    await (await newWorker()).run();
    const [memory] = (await open()).memories();
    const database = await store.ready();
    await database.query('DELETE FROM engram.adapter WHERE brain_id = $1', [brainId]);
    await expect((await open()).adapterFile(memory!.id)).rejects.toEqual(fails('corrupt'));
    await send(brainId, { damagedOnly: true }, 'rebuild');
    expect(await (await newWorker()).run()).toEqual([{ became: 'done' }]);
    expect(await (await open()).check()).toEqual([]);
  });
});

it('a store of an earlier engram is taken further, with what is in it', { timeout: START_MS }, async () => {
  const server = await PGlite.create();
  const database = databaseOf(server);
  await setUp(database, 1);
  expect(await database.query(`SELECT to_regclass('engram.job') IS NULL AS none`)).toEqual([{ none: true }]);
  await database.query(
    "INSERT INTO engram.brain (id, name, version, last_time) VALUES (gen_random_uuid(), 'old', 0, 'epoch')",
  );
  expect(await new Store(database).brains()).toMatchObject([{ name: 'old', version: 0 }]);
  expect(await new Jobs(new Store(database)).list()).toEqual([]);
  await server.close();
});
