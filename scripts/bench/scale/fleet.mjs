// Many brains on paper: what a fleet of workers and readers and its one database have to do on an evening, from times that were measured
// on one machine and a simulation of the queue. What is assumed is in ASSUMED, and is an option or said beside the figures.
import { randomFrom } from '../memory/random.mjs';
import { hitRate, keepOrTrain, popularity } from './cache.mjs';
import { dayCurve, oneOfMeasured, zipf } from './draws.mjs';
import { arrivals, quantile, simulateWorkers } from './workers.mjs';

export const ASSUMED = {
  brains: 1e6,
  /** Of each brain; together 10^9. */
  memories: 1000,
  memoriesPerDay: 3,
  questionsPerDay: 20,
  /** Zipf's exponents: how unlike brains are, and the memories of one. */
  brainSkew: 0.7,
  memorySkew: 1,
  /** Hours that are simulated: the busiest are around 16. */
  from: 15,
  to: 17,
  /** A worker dies once a day. */
  deathsPerHour: 1 / 24,
  /** Of an adapter: SmolLM2-135M's at rank 8 in halves. */
  adapterBytes: 1.52e6,
  eventBytes: 3000,
  /** Dollars; S3's price, and a core of a rented machine. */
  prices: { gigabyteMonth: 0.023, coreHour: 0.04 },
  cores: 2,
};

/** @param measured of measure.mjs: `phases`, `trainSeconds`, `commitsPerSecond`, `takesPerSecond`, `adapterBytesPerSecond` */
export function simulateFleet(measured, { seed = 1, workers = [64, 96, 112, 128, 160, 256], ...given } = {}) {
  const assumed = { ...ASSUMED, ...given };
  const perSecond = (assumed.brains * assumed.memoriesPerDay) / 86_400;
  const fleets = workers.map((count) => ({ workers: count, ...evening(measured, assumed, perSecond, count, seed) }));
  const popular = popularity(assumed);
  const questionsPerSecond = (assumed.brains * assumed.questionsPerDay) / 86_400;
  const all = assumed.brains * assumed.memories;
  const caches = [0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1].map((share) => ({
    bytes: share * all * assumed.adapterBytes,
    hits: hitRate(popular, share * all),
  }));
  const mean = measured.trainSeconds.reduce((sum, value) => sum + value, 0) / measured.trainSeconds.length;
  const bytes = assumed.adapterBytes;
  return {
    assumed,
    memoriesPerSecond: perSecond,
    questionsPerSecond,
    fleets,
    caches,
    kept: keepOrTrain(popular, {
      questionsPerSecond,
      bytes,
      trainSeconds: mean,
      cores: assumed.cores,
      prices: assumed.prices,
    }),
    stored: { events: all * assumed.eventBytes, adapters: all * bytes },
    limits: limitsOf(measured, assumed, perSecond, questionsPerSecond, enough(fleets)),
  };
}

function evening(measured, assumed, perSecond, workers, seed) {
  const random = randomFrom(seed);
  const brainOf = zipf(assumed.brains, assumed.brainSkew, random);
  const jobs = arrivals({ perSecond, from: assumed.from, to: assumed.to, curve: dayCurve, brainOf, random });
  const run = simulateWorkers({
    ...{ jobs, workers, random, times: timesOf(measured, random), deathsPerHour: assumed.deathsPerHour },
  });
  return {
    p50: quantile(run.waits, 0.5),
    p99: quantile(run.waits, 0.99),
    busy: run.busy / (workers * run.end),
    again: run.again / jobs.length,
    looksPerSecond: run.looks / run.end,
    backlog: run.backlog,
  };
}

export function timesOf({ phases, trainSeconds }, random) {
  const drawn = (values) => oneOfMeasured(values, random);
  return {
    take: drawn(phases.take),
    open: drawn(phases.open),
    train: drawn(trainSeconds),
    commit: drawn(phases.commit),
  };
}

/** The smallest fleet that keeps up: 99 of 100 memories answer within a minute. */
function enough(fleets) {
  return fleets.find(({ p99 }) => p99 < 60) ?? fleets.at(-1);
}

/** What the database has to do in the busiest hour beside what it was measured to do: above 1 it is too much for one. */
function limitsOf(measured, assumed, perSecond, questionsPerSecond, fleet) {
  const peak = dayCurve(16);
  const rows = [
    ['commits a second', perSecond * peak, measured.commitsPerSecond],
    ['looks for work a second', fleet.looksPerSecond, measured.takesPerSecond],
    ['questions asking what is new, a second', questionsPerSecond * peak, measured.readsPerSecond],
    [
      'bytes of adapters a second, in the database',
      perSecond * peak * assumed.adapterBytes,
      measured.adapterBytesPerSecond,
    ],
  ];
  return rows
    .map(([what, needed, measuredAt]) => ({ what, needed, measured: measuredAt, load: needed / measuredAt }))
    .sort((a, b) => b.load - a.load);
}
