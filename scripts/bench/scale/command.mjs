// The command line of `bench -- scale`: measures a store and workers that sleep, holds a simulation against the two smallest runs, and
// simulates a million brains from it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomFrom } from '../memory/random.mjs';
import { count, list, positive } from '../options.mjs';
import { table } from '../table.mjs';
import { simulateFleet, timesOf } from './fleet.mjs';
import { linePlot } from './plot.mjs';
import { simulateWorkers } from './workers.mjs';

/** Seconds between two looks of a worker that found nothing. */
const POLL = 0.2;

/** Adds it to the program. */
export function addScale(bench) {
  bench
    .command('scale')
    .description('a store and its workers: measured here, predicted, and simulated for a million brains')
    .option('--store <address>', 'a PostgreSQL database for this alone: what is written stays in it')
    .option('--measured <file>', 'the JSON of an earlier run, in place of measuring')
    .addOption(list('--workers <list>', 'workers that sleep in place of learning', count, ['1', '2', '4', '16', '64']))
    .option('--each <number>', 'memories for each of them, in a round', count, 8)
    .option('--rounds <number>', 'all of these in turn, so often: the machine is never the same twice', count, 2)
    .addOption(list('--times <list>', 'seconds that learning a memory took', positive, ['0.8', '0.9', '1.3', '2.3']))
    .option('--stretch <factor>', 'sleep so many times as long, on a machine that is too busy', positive, 1)
    .addOption(
      list('--backlogs <list>', 'jobs that wait while a worker looks for one', count, ['10', '1000', '100000']),
    )
    .option('--svg <folder>', 'write plots there')
    .option('--seed <number>', 'of the simulation', count, 1)
    .option('--json', 'one JSON document on stdout', false)
    .action(async (options) => {
      const measured =
        options.measured === undefined
          ? await measure(options)
          : JSON.parse(readFileSync(options.measured, 'utf8')).measured;
      const result = {
        measured,
        predicted: predict(measured, options.seed),
        fleet: simulateFleet(measured, { seed: options.seed }),
      };
      if (options.svg !== undefined) writePlots(result, options.svg);
      process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : scaleTable(result));
    });
}

async function measure({ store, workers, each, rounds, times, stretch, backlogs }) {
  if (store === undefined) throw Object.assign(new Error('Expected --store or --measured.'), { code: 'usage' });
  const { beginReport } = await import('../machine.mjs');
  const { measureStore, measureTakes, measureWorkers } = await import('./measure.mjs');
  const { head } = beginReport('scale');
  const say = (what) => process.stderr.write(`${what}\n`);
  const adapterBytes = 1_520_000;
  say('commits, reads, adapters');
  const of = await measureStore(store, { commits: 200, seconds: 5, adapterBytes });
  const takes = [];
  for (const backlog of backlogs) {
    say(`looks for work, ${backlog} waiting`);
    takes.push(await measureTakes(store, backlog));
  }
  const trainSeconds = times.map((seconds) => seconds * stretch);
  const runs = workers.map((count) => ({ workers: count, parts: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const { workers: count, parts } of runs) {
      say(`${count} workers, round ${round + 1}`);
      parts.push(await measureWorkers(store, { workers: count, each, trainSeconds, adapterBytes, poll: POLL }));
    }
  }
  const phases = merged(runs[0].parts.map((part) => part.phases));
  const takesPerSecond = takes[0].perSecond;
  const summed = runs.map(({ parts }) => sumOf(parts));
  return { head: head(), ...of, takes, takesPerSecond, runs: summed, rounds, phases, trainSeconds: times, stretch };
}

/** What the steps took, of several runs. */
function merged(all) {
  return Object.fromEntries(Object.keys(all[0]).map((step) => [step, all.flatMap((phases) => phases[step])]));
}

/** Several runs of as many workers as one. */
function sumOf(parts) {
  const sum = (key) => parts.reduce((all, part) => all + part[key], 0);
  const [seconds, ideal, memories] = [sum('seconds'), sum('ideal'), sum('memories')];
  return {
    workers: parts[0].workers,
    memories,
    seconds,
    ideal,
    share: ideal / seconds,
    cpuMs: sum('cpuMs') / parts.length,
  };
}

/** What the simulation says of the runs, from what the steps took in the first of them. */
export function predict({ runs, rounds, phases, trainSeconds, stretch }, seed) {
  return runs.map(({ workers, memories, seconds }) => {
    const said = [];
    for (let i = 0; i < 20; i++) {
      const random = randomFrom(seed + i);
      let next = 0;
      const train = () => trainSeconds[next++ % trainSeconds.length] * stretch;
      const times = { ...timesOf({ phases, trainSeconds }, random), train };
      const jobs = Array.from({ length: memories / rounds }, (_, j) => [0, j % (2 * workers)]);
      said.push(simulateWorkers({ jobs, workers, times, random, poll: POLL, isShared: true }).end * rounds);
    }
    const predicted = said.reduce((sum, value) => sum + value, 0) / said.length;
    return { workers, measured: seconds, predicted, off: predicted / seconds - 1 };
  });
}

const part = (share) => `${(share * 100).toFixed(1)}%`;
const three = (value) => Number(value.toPrecision(3));
const amount = (value) =>
  Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value).replace('B', 'G');

function scaleTable({ measured, predicted, fleet }) {
  const { commitMs, commitsPerSecond, readsPerSecond, putMs, takes, runs } = measured;
  const { assumed, fleets, caches, kept, limits } = fleet;
  return [
    `commit ${three(commitMs.p50)} ms (p99 ${three(commitMs.p99)}); 16 clients: ${three(commitsPerSecond)} commits/s, ${three(readsPerSecond)} reads/s; adapter of 1.52 MB ${three(putMs)} ms`,
    table(takes.map(({ backlog, ms }) => ({ 'jobs waiting': backlog, 'a look, ms': three(ms) }))),
    table(
      runs.map(({ workers, memories, seconds, share, cpuMs }, i) => ({
        ...{ workers, memories, seconds: three(seconds), 'of ideal': part(share), 'CPU ms a memory': three(cpuMs) },
        ...{ predicted: three(predicted[i].predicted), off: part(predicted[i].off) },
      })),
    ),
    `${amount(assumed.brains)} brains of ${amount(assumed.memories)} memories: ${three(fleet.memoriesPerSecond)} memories and ${three(fleet.questionsPerSecond)} questions a second, twice that at ${assumed.from}–${assumed.to} o'clock`,
    table(
      fleets.map(({ workers, p50, p99, busy, again, looksPerSecond, backlog }) => ({
        ...{ workers, 'until it answers, p50 s': three(p50), 'p99 s': three(p99), busy: part(busy) },
        ...{ 'trained twice': `${(again * 100).toFixed(3)}%`, 'looks/s': three(looksPerSecond), 'most open': backlog },
      })),
    ),
    table(caches.map(({ bytes, hits }) => ({ 'adapters at hand': `${amount(bytes)}B`, hits: part(hits) }))),
    `an adapter asked for less than ${three(kept.breakEven)} times a month is cheaper to train again: ${part(kept.cold)} of them, ${three(kept.trainings)} trainings a second`,
    table(
      limits.map(({ what, needed, measured: here, load }) => ({
        ...{ 'one database': what, needed: amount(needed), 'measured here': amount(here), load: three(load) },
      })),
    ),
    '',
  ].join('\n\n');
}

function writePlots({ measured, predicted, fleet }, folder) {
  mkdirSync(folder, { recursive: true });
  const plots = {
    'scale-workers.svg': {
      ...{ title: 'Workers that sleep for recorded times', x: 'workers', y: 'memories a second', isLog: true },
      lines: [
        {
          name: 'measured',
          points: measured.runs.map(({ workers, memories, seconds }) => [workers, memories / seconds]),
        },
        {
          name: 'predicted',
          points: predicted.map(({ workers, predicted: s }, i) => [workers, measured.runs[i].memories / s]),
        },
        { name: 'ideal', points: measured.runs.map(({ workers, memories, ideal }) => [workers, memories / ideal]) },
      ],
      shown: (value) => `${three(value)}`,
    },
    'scale-waits.svg': {
      ...{ title: 'Until a memory answers, busiest hours', x: 'workers', y: 'seconds', isLog: true },
      lines: ['p50', 'p99'].map((key) => ({ name: key, points: fleet.fleets.map((one) => [one.workers, one[key]]) })),
      shown: amount,
    },
    'scale-cache.svg': {
      ...{ title: 'Adapters at hand', x: 'bytes of them', y: 'of questions', yTo: 1 },
      lines: [{ name: 'LRU', points: fleet.caches.map(({ bytes, hits }) => [bytes, hits]) }],
      shown: part,
    },
  };
  for (const [name, plot] of Object.entries(plots)) writeFileSync(join(folder, name), linePlot(plot));
}
