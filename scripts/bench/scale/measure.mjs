// What a store does here, measured: commits of one writer and of many, looks for work, adapters, and workers that sleep for recorded
// times in place of learning. Not here: what follows for more of them (fleet.mjs). What it writes stays in the database it is given.
import { randomBytes, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Jobs, openStore } from '../../../dist/store/index.js';
import { median } from '../statistics.mjs';
import { NO_MODEL, receiptOf, sleepingLearner } from './sleeping-worker.mjs';
import { work } from '../../../dist/learn/work.js';
import { quantile } from './workers.mjs';

const CLIENTS = 16;

let ids = 0;
const tried = () => {
  const memoryId = `m-${(++ids).toString(16).padStart(6, '0')}`;
  return {
    kind: 'rolled_back',
    memoryId,
    payload: JSON.stringify({ text: 'The kiln is fired on Fridays.', receipt: receiptOf(memoryId, 1) }),
  };
};

/** A brain of its own, by a name that nobody has. */
const newBrain = async (store, model = NO_MODEL) => {
  const created = { kind: 'created', memoryId: null, payload: JSON.stringify({ model }) };
  return (await store.create(`bench-${randomUUID()}`, [created])).brain;
};

/** Milliseconds of so many calls, one after the other. */
async function timed(times, call) {
  const out = [];
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await call(i);
    out.push(performance.now() - started);
  }
  return out;
}

/** Calls a second that `CLIENTS` make together for so long; `begin` gives each its call. */
async function rate(stores, seconds, begin) {
  const calls = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => begin(stores[i % stores.length])));
  const started = performance.now();
  let done = 0;
  const run = async (call) => {
    while (performance.now() - started < seconds * 1000) {
      await call();
      done++;
    }
  };
  await Promise.all(calls.map(run));
  return done / ((performance.now() - started) / 1000);
}

/** Writes events of 3 kB, reads and adapters. */
export async function measureStore(address, { commits, seconds, adapterBytes }) {
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(address)));
  const [store] = stores;
  try {
    const committer = async (own) => {
      const brain = await newBrain(own);
      let seen = brain.version;
      return async () =>
        void (seen = (await own.commit(brain.id, { seen, events: [tried()], needs: [], drops: [] })).at(-1).seq);
    };
    const reader = async (own) => {
      const brain = await newBrain(own);
      return () => own.since(brain.id, brain.version);
    };
    const commit = await timed(commits, await committer(store));
    const { id } = await newBrain(store);
    const put = await timed(20, () => store.putAdapter(id, randomBytes(32).toString('hex'), randomBytes(adapterBytes)));
    return {
      commitMs: { p50: median(commit), p99: quantile(commit, 0.99) },
      putMs: median(put),
      adapterBytesPerSecond: (adapterBytes / median(put)) * 1000,
      commitsPerSecond: await rate(stores, seconds, committer),
      readsPerSecond: await rate(stores, seconds, reader),
    };
  } finally {
    await Promise.all(stores.map((own) => own.close()));
  }
}

/** Looks for work with so many jobs waiting: milliseconds, and how many a second. The jobs are ended afterwards. */
export async function measureTakes(address, backlog) {
  const store = await openStore(address);
  try {
    const database = await store.ready();
    const model = randomBytes(32).toString('hex');
    const brains = await Promise.all(Array.from({ length: 100 }, () => newBrain(store)));
    await database.query(
      `INSERT INTO engram.job (id, brain_id, model, kind, data)
       SELECT gen_random_uuid(), ($2::uuid[])[1 + n % 100], $1, 'memorize', '{"input":"x"}' FROM generate_series(1, $3::int) n`,
      [model, brains.map(({ id }) => id), backlog],
    );
    const jobs = new Jobs(store);
    const ms = await timed(Math.min(50, backlog), () => jobs.take('bench', model, 3600));
    await database.query(`UPDATE engram.job SET state = 'failed' WHERE model = $1`, [model]);
    return { backlog, ms: median(ms), perSecond: 1000 / median(ms) };
  } finally {
    await store.close();
  }
}

/**
 * Workers that sleep for times that were recorded, each with a home and connections of its own, in this process.
 * @returns `seconds` until all was done, `ideal`: what they slept in sum, by worker; `cpuMs`: of this process, for a memory; `phases`:
 *   seconds of each step as they came
 */
export async function measureWorkers(address, { workers, each, trainSeconds, adapterBytes, poll }) {
  const home = mkdtempSync(join(tmpdir(), 'engram-scale-'));
  const store = await openStore(address);
  const slept = [];
  const phases = { take: [], open: [], commit: [] };
  const count = workers * each;
  const model = { name: 'none', sha256: randomBytes(32).toString('hex') }; // what an earlier run left is not for these
  const over = new AbortController();
  setMaxListeners(0, over.signal); // one for each worker
  try {
    const jobs = new Jobs(store);
    for (let i = 0; i < 2 * workers; i++) {
      const { id: brainId } = await newBrain(store, model);
      for (let j = i; j < count; j += 2 * workers) {
        const data = JSON.stringify({ input: `Memory ${j} of the bench.` });
        await jobs.send({ id: randomUUID(), brainId, model: model.sha256, kind: 'memorize', data });
      }
    }
    let next = 0;
    let done = 0;
    const worker = async (number) => {
      const own = await openStore(address);
      let [free, began, trained] = [performance.now(), 0, 0];
      const since = (then) => (performance.now() - then) / 1000;
      const secondsOf = () => {
        phases.open.push(since(began));
        const seconds = trainSeconds[next++ % trainSeconds.length];
        slept.push(seconds);
        return seconds;
      };
      const learn = sleepingLearner({
        secondsOf,
        bytes: adapterBytes,
        say: (what) => what === 'trained' && (trained = performance.now()),
      });
      try {
        await work(
          { store: own, jobs: new Jobs(own), home: join(home, `${number}`), model, learn },
          {
            ...{ worker: `${number}`, pollSeconds: poll, signal: over.signal, leaseSeconds: 120 },
            onJob: () => {
              phases.take.push(since(free));
              began = performance.now();
            },
            onEnd: (_job, { became }) => {
              if (became !== 'done') throw new Error(`A job was ${became}.`);
              phases.commit.push(since(trained));
              free = performance.now();
              if (++done === count) over.abort();
            },
          },
        );
      } finally {
        await own.close();
      }
    };
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    await Promise.all(Array.from({ length: workers }, (_, i) => worker(i)));
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const ideal = slept.reduce((sum, value) => sum + value, 0) / workers;
    return {
      workers,
      memories: count,
      seconds,
      ideal,
      share: ideal / seconds,
      cpuMs: (user + system) / 1000 / count,
      phases,
    };
  } finally {
    await store.close();
    rmSync(home, { recursive: true, force: true });
  }
}
