// Workers that are killed, stopped and cut off, on a real PostgreSQL: nothing is lost and nothing is done twice. They are processes
// that sleep in place of learning; store, leases, commits and replicas are the real ones. Longer: ENGRAM_TEST_KILLS=200
// ENGRAM_TEST_WRITES=500 npx vitest run --project contract test/contract/workers.test.ts. Not here: the queue alone (jobs.test.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyEvents, openBrain, type Brain, type StoredMemory } from '../../src/brain/index.js';
import { EngramError } from '../../src/errors.js';
import { Jobs, openStore, type Store } from '../../src/store/index.js';
import { newReceipt } from '../fakes/results.js';
import { findPostgres, startPostgres, type Server } from '../support/postgres.js';
import { NO_MODEL, startWorker, type WorkerProcess } from '../support/sleeping-worker.js';

const KILLS = Number(process.env['ENGRAM_TEST_KILLS'] ?? 6);
/** Of each of two writers. */
const WRITES = Number(process.env['ENGRAM_TEST_WRITES'] ?? 20);
const LEASE = 5;
const POLL = 0.1;
/** A busy machine starts processes slowly. */
const LONG_MS = 600_000 + KILLS * 60_000 + WRITES * 4000;

const bin = findPostgres();
const folder = mkdtempSync(join(tmpdir(), 'engram-workers-'));
let homes = 0;
const newHome = (): string => join(folder, `home-${++homes}`);

describe.skipIf(bin === undefined || process.platform === 'win32')('workers', () => {
  let server: Server;
  let store: Store;
  let jobs: Jobs;
  beforeAll(async () => {
    server = await startPostgres(bin!);
    store = await openStore(server.address);
    jobs = new Jobs(store);
  }, LONG_MS);
  afterAll(async () => {
    await store.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (name: string, create = false): Promise<Brain> =>
    openBrain({ home: newHome(), name, store, model: NO_MODEL, create });
  const send = async (name: string, texts: readonly string[]): Promise<string[]> => {
    (await open(name, true)).close();
    const brainId = (await store.find(name))!.id;
    const ids = texts.map(() => crypto.randomUUID());
    for (const [i, id] of ids.entries()) {
      await jobs.send({
        id,
        brainId,
        model: NO_MODEL.sha256,
        kind: 'memorize',
        data: JSON.stringify({ input: texts[i] }),
      });
    }
    return ids;
  };
  const worker = (hear?: (line: string) => void, seconds = 0.03): WorkerProcess =>
    startWorker(
      { address: server.address, home: newHome(), seconds, bytes: 20_000, leaseSeconds: LEASE, pollSeconds: POLL },
      hear,
    );
  const ended = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      while (!['done', 'failed'].includes((await jobs.get(id))!.state)) await wait(100);
    }
  };
  /** Each text is held once, every adapter is whole, and the log has no gaps. */
  const expectHeld = async (name: string, texts: readonly string[]): Promise<void> => {
    const brain = await open(name);
    expect(
      brain
        .memories()
        .map(({ text }) => text)
        .sort(),
    ).toEqual([...texts].sort());
    expect(await brain.check()).toEqual([]);
    expect(brain.history().map(({ id }) => id)).toEqual(brain.history().map((_event, i) => i + 1));
    brain.close();
  };

  it(`that are killed, ${KILLS} times, lose no memory and keep none twice`, { timeout: LONG_MS }, async () => {
    const brains = ['killed-0', 'killed-1', 'killed-2'];
    const texts: string[][] = brains.map(() => []);
    const ids: string[] = [];
    const sendMore = async (count: number): Promise<void> => {
      for (const [b, name] of brains.entries()) {
        const more = Array.from(
          { length: Math.ceil((count - b) / brains.length) },
          (_, i) => `memory ${texts[b]!.length + i}`,
        );
        texts[b]!.push(...more);
        ids.push(...(await send(name, more)));
      }
    };
    await sendMore(KILLS);
    const at = { taken: 0, trained: 0, committed: 0, ended: 0 };
    const silent: number[] = [];
    const died = new Map<string, number>();
    let late = 0;
    let isOver = false;
    /** One after the other on this place: each is killed at some moment of the first job that nobody had before. */
    const keepWorking = async (): Promise<void> => {
      while (!isOver) {
        let job = '';
        const last = ['taken', 'trained', 'committed'][Math.floor(Math.random() * 3)];
        const one: WorkerProcess = worker((line) => {
          const [what, id = '', attempt] = line.split(' ');
          if (what === 'ended' && !line.endsWith('done')) late++;
          const death = died.get(id);
          if (what === 'taken' && death !== undefined) silent.push((performance.now() - death) / 1000);
          if (what === 'taken' && attempt === '1' && job === '') job = id;
          if (job !== '' && what === last) setTimeout(() => one.child.kill('SIGKILL'), Math.random() * 60);
        });
        const stop = setInterval(() => isOver && one.child.kill('SIGKILL'), 100);
        await one.gone;
        clearInterval(stop);
        expect(one.errors()).toBe('');
        if (job === '') continue;
        died.set(job, performance.now());
        const since = one.said.slice(one.said.indexOf(`taken ${job} 1`));
        const line = since.findLast((said) => !said.startsWith('taken') || said.includes(job))!;
        at[line.split(' ')[0] as keyof typeof at]++;
      }
    };
    const places = Promise.all([keepWorking(), keepWorking()]);
    // A worker may end its job before it dies, and take another one with it.
    const kills = (): number => Object.values(at).reduce((sum, count) => sum + count);
    for (await Promise.race([ended(ids), places]); kills() < KILLS; await Promise.race([ended(ids), places])) {
      await sendMore(KILLS - kills());
    }
    isOver = true;
    await places;

    const done = await Promise.all(ids.map((id) => jobs.get(id)));
    expect(done.filter((job) => job?.state !== 'done')).toEqual([]);
    // Nothing is trained again but for a death, or a worker that a busy machine kept from its sign of life.
    expect(done.reduce((sum, job) => sum + job!.attempt - 1, 0)).toBeLessThanOrEqual(kills() + late);
    for (const [b, name] of brains.entries()) await expectHeld(name, texts[b]!);
    const longest = silent.length === 0 ? 0 : Math.max(...silent);
    process.stderr.write(
      `killed ${kills()}, what they had said last: ${JSON.stringify(at)}; taken again after at most ${longest.toFixed(1)} s\n`,
    );
  });

  it('that are stopped past their lease are refused, and their adapters swept', { timeout: LONG_MS }, async () => {
    const [id] = await send('zombie', ['Bo runs the kiln.']);
    let stopped: (() => void) | undefined;
    const isStopped = new Promise<void>((resolve) => (stopped = resolve));
    const zombie: WorkerProcess = worker((line) => {
      if (!line.startsWith('taken')) return;
      zombie.child.kill('SIGSTOP');
      stopped!();
    }, 0.5);
    await isStopped;
    const other = worker();
    await ended([id!]);
    zombie.child.kill('SIGCONT');
    while (!zombie.said.some((line) => line.startsWith('ended'))) await wait(50);
    expect(zombie.said.at(-1)).toBe(`ended ${id} lost`);
    for (const one of [zombie, other]) {
      one.child.kill('SIGKILL');
      await one.gone;
    }
    expect(await jobs.get(id!)).toMatchObject({ state: 'done', attempt: 2 });
    await expectHeld('zombie', ['Bo runs the kiln.']);
    const database = await store.ready();
    const { id: brainId } = (await store.find('zombie'))!;
    await store.putAdapter(brainId, 'f'.repeat(64), Buffer.from('of a worker that was refused'));
    await database.query(`UPDATE engram.adapter SET stored = now() - interval '2 hours' WHERE brain_id = $1`, [
      brainId,
    ]);
    const brain = await open('zombie');
    await remember(brain, 'Ann lives in Ulm.');
    brain.close();
    expect(await database.query('SELECT 1 AS one FROM engram.adapter WHERE brain_id = $1', [brainId])).toHaveLength(2);
  });

  it('outlive a database that crashes while they work', { timeout: LONG_MS }, async () => {
    const brains = ['restarted-0', 'restarted-1'];
    const texts = Array.from({ length: 6 }, (_, i) => `memory ${i}`);
    const ids = (await Promise.all(brains.map((name) => send(name, texts)))).flat();
    let begun = 0;
    const hear = (line: string): void => {
      begun += line.startsWith('taken') ? 1 : 0;
    };
    const workers = [worker(hear, 0.2), worker(hear, 0.2)];
    while (begun < 2) await wait(50);
    for (let i = 0; i < 3; i++) {
      await wait(300 + Math.random() * 1500);
      await server.restart();
    }
    const death = Promise.race(workers.map(({ gone }) => gone)).then(() => 'a worker died');
    for (let is: unknown = false; is === false;) {
      await wait(200);
      is = await Promise.race([ended(ids).then(() => true, isAway), death]);
      expect(is, workers.map(({ errors }) => errors()).join('')).not.toBe('a worker died');
    }
    for (const one of workers) {
      one.child.kill('SIGKILL');
      await one.gone;
      expect(one.errors()).toBe('');
    }
    const done = await Promise.all(ids.map((id) => jobs.get(id)));
    expect(done.filter((job) => job?.state !== 'done')).toEqual([]);
    for (const name of brains) await expectHeld(name, texts);
  });

  it(`two writers of one brain, ${WRITES} memories each, agree with the log`, { timeout: LONG_MS }, async () => {
    const sides = [await open('written', true), await open('written', true)];
    await Promise.all(
      sides.map(async (brain, side) => {
        for (let i = 0; i < WRITES; i++) {
          // Of what the other has told, every tenth takes the place of something.
          for (let isDone = false; !isDone;) {
            await brain.sync();
            const others = brain
              .memories()
              .filter(({ text, state }) => state === 'remembered' && !text.startsWith(`${side}`));
            const old = i % 10 === 9 ? others.at(Math.floor(Math.random() * others.length))?.id : undefined;
            isDone = await remember(brain, `${side} tells ${i}`, old).then(() => true, isConflict);
          }
        }
      }),
    );
    for (const side of sides) await side.sync();
    const fresh = await open('written');
    const replayed = new Map<string, StoredMemory>();
    applyEvents(replayed, fresh.history());
    const states = (memories: Iterable<StoredMemory>): string[] =>
      [...memories].map(({ id, state, supersededBy }) => `${id} ${state} ${supersededBy ?? ''}`).sort();
    expect(replayed.size).toBe(2 * WRITES);
    for (const brain of [...sides, fresh]) expect(states(brain.memories())).toEqual(states(replayed.values()));
    expect(states(replayed.values()).filter((line) => line.includes('superseded')).length).toBeGreaterThan(0);
    expect(fresh.history().map(({ id }) => id)).toEqual(fresh.history().map((_event, i) => i + 1));
    for (const brain of [...sides, fresh]) brain.close();
  });

  it(
    'a replica that lags answers from what it has, and takes in thousands of events',
    { timeout: LONG_MS },
    async () => {
      const late = await open('lagging', true);
      const { id: brainId, version } = (await store.find('lagging'))!;
      const told = (i: number): string => `m-${i.toString(16).padStart(6, '0')}`;
      const events = Array.from({ length: 2500 }, (_, i) => ({
        ...{ kind: 'rolled_back', memoryId: told(i) },
        payload: JSON.stringify({ text: `${i}`, receipt: newReceipt(told(i), { committed: false }) }),
      }));
      await store.commit(brainId, { seen: version, events, needs: [], drops: [] });
      const writer = await open('lagging');
      await remember(writer, 'Bo runs the kiln.');
      expect(late.memories()).toEqual([]);
      await late.sync();
      expect(late.memories().map(({ text }) => text)).toEqual(['Bo runs the kiln.']);
      expect(late.history()).toHaveLength(2502);
      late.close();
      writer.close();
    },
  );
});

async function remember(brain: Brain, text: string, supersedes?: string): Promise<void> {
  await brain.write('memorizing', async (writer) => {
    const id = writer.newId(text);
    await writeFile(writer.newAdapterPath(id), text);
    await writer.remember({ id, text, receipt: newReceipt(id), ...(supersedes === undefined ? {} : { supersedes }) });
  });
}

function isConflict(error: unknown): false {
  if (error instanceof EngramError && (error.code === 'locked' || error.code === 'not_found')) return false;
  throw error;
}

function isAway(error: unknown): false {
  if (error instanceof EngramError && error.code === 'network') return false;
  throw error;
}
