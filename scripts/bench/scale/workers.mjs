// A simulation, by discrete events, of the workers of a store and its queue: jobs come, each of its brain's in their order; workers look
// for one, open its brain, train and commit; some die, and what they had is taken again when its lease ends. Not here: what the times
// are (they are measured: measure.mjs) and what people ask (cache.mjs).
import { nextAfter } from './draws.mjs';
import { Heap } from './heap.mjs';
import { Sharing } from './sharing.mjs';

const [LOOK, END, DEATH, LEASE_OVER, BACK, TRAIN, COMMIT] = [0, 1, 2, 3, 4, 5, 6];

/**
 * @param jobs arrivals in order: `[seconds, brain]`
 * @param times `take`, `open`, `train`, `commit`: each draws seconds
 * @param isShared all but the training is done by one machine for all workers, equally; then none dies
 * @param deathsPerHour of a worker; one that died is back after `restart` seconds
 * @returns `waits`: seconds from arrival to commit, in order of commits; `end`: of the last; `again`: trainings that were for nothing;
 *   `looks`: queries for work, in vain or not; `busy`: seconds that workers had a job; `backlog`: the most jobs open at once
 */
export function simulateWorkers({
  jobs,
  workers,
  times,
  random,
  poll = 1,
  lease = 20,
  deathsPerHour = 0,
  restart = 60,
  isShared = false,
}) {
  const happens = new Heap();
  const machine = new Sharing();
  const at = (time, kind, worker, job = -1) => happens.push(time, [kind, worker, job]);
  const ready = new Heap(); // jobs that may be taken, the oldest first
  const queues = new Map(); // by brain: its open jobs, the first of which is ready or taken
  const result = { waits: [], end: 0, again: 0, looks: 0, busy: 0, backlog: 0, deaths: 0 };
  let [arrived, open] = [0, 0];
  const attempts = new Map(); // jobs in hand: since when

  const look = (now, worker) => {
    result.looks++;
    if (ready.size === 0) return void at(now + poll, LOOK, worker);
    const job = ready.pop();
    if (isShared) {
      attempts.set(job, now);
      return void machine.push(now, times.take() + times.open(), [TRAIN, worker, job]);
    }
    const seconds = times.take() + times.open() + times.train() + times.commit();
    const dies = deathsPerHour > 0 ? nextAfter(deathsPerHour / 3600, random) : Infinity;
    attempts.set(job, now);
    if (dies < seconds) at(now + dies, DEATH, worker, job);
    else at(now + seconds, END, worker, job);
  };
  const arrive = () => {
    const brain = jobs[arrived][1];
    const queue = queues.get(brain);
    if (queue === undefined) {
      queues.set(brain, [arrived]);
      ready.push(arrived, arrived);
    } else queue.push(arrived);
    arrived++;
    result.backlog = Math.max(result.backlog, ++open);
  };
  const end = (now, job) => {
    const [came, brain] = jobs[job];
    result.waits.push(now - came);
    result.end = now;
    open--;
    const queue = queues.get(brain);
    queue.shift();
    if (queue.length === 0) queues.delete(brain);
    else ready.push(queue[0], queue[0]);
  };

  for (let worker = 0; worker < workers; worker++) at((worker / workers) * poll, LOOK, worker);
  while (result.waits.length < jobs.length) {
    if (arrived < jobs.length && jobs[arrived][0] <= Math.min(happens.least, machine.least)) {
      arrive();
      continue;
    }
    const now = Math.min(happens.least, machine.least);
    const [kind, worker, job] = machine.least <= happens.least ? machine.pop() : happens.pop();
    if (kind === LOOK || kind === BACK) look(now, worker);
    else if (kind === TRAIN) at(now + times.train(), COMMIT, worker, job);
    else if (kind === COMMIT) machine.push(now, times.commit(), [END, worker, job]);
    else if (kind === END) {
      result.busy += now - attempts.get(job);
      attempts.delete(job);
      end(now, job);
      look(now, worker);
    } else if (kind === DEATH) {
      result.deaths++;
      result.again++;
      result.busy += now - attempts.get(job);
      at(now + restart, BACK, worker);
      at(now + lease, LEASE_OVER, worker, job);
    } else ready.push(job, job);
  }
  return result;
}

/** Arrivals between two hours of the day: `perSecond` on the mean of a whole day, `brainOf` draws whose. */
export function arrivals({ perSecond, from, to, curve, brainOf, random }) {
  const most = 2;
  const out = [];
  const seconds = (to - from) * 3600;
  for (let now = 0; ;) {
    now += nextAfter(perSecond * most, random);
    if (now > seconds) return out;
    if (random() * most < curve(from + now / 3600)) out.push([now, brainOf()]);
  }
}

/** The value below which a share of them lies; undefined for none. */
export function quantile(values, share) {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
