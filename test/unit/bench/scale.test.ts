// The simulation of `bench -- scale` against what is known without one: serial runs, Erlang's waiting times, an LRU cache that is asked.
import { expect, it } from 'vitest';

type Draw = () => number;
type Popular = [number, number][];
interface Fleet {
  fleets: { workers: number; p99: number }[];
  limits: { load: number }[];
  caches: { hits: number }[];
}
interface Run {
  waits: number[];
  end: number;
  again: number;
  deaths: number;
}

const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../scripts/bench/${name}.mjs`, import.meta.url).href)) as T;

const { randomFrom } = await load<{ randomFrom: (seed: number) => Draw }>('memory/random');
const { hitRate, keepOrTrain, popularity, simulateLru } = await load<{
  popularity: (of: object) => Popular;
  hitRate: (popular: Popular, size: number) => number;
  simulateLru: (of: { size: number; questions: number; ask: Draw }) => number;
  keepOrTrain: (popular: Popular, of: object) => { breakEven: number; cold: number };
}>('scale/cache');
const { dayCurve, nextAfter, zipf } = await load<{
  dayCurve: (hour: number) => number;
  nextAfter: (perSecond: number, random: Draw) => number;
  zipf: (count: number, s: number, random: Draw) => Draw;
}>('scale/draws');
const { simulateFleet } = await load<{ simulateFleet: (measured: object, given: object) => Fleet }>('scale/fleet');
const { Heap } = await load<{ Heap: new () => { push: (key: number, value: number) => void; pop: Draw } }>(
  'scale/heap',
);
const { linePlot } = await load<{ linePlot: (plot: object) => string }>('scale/plot');
const { arrivals, quantile, simulateWorkers } = await load<{
  arrivals: (of: object) => [number, number][];
  quantile: (values: number[], share: number) => number;
  simulateWorkers: (of: object) => Run;
}>('scale/workers');

const fixed = { take: () => 0.1, open: () => 0.2, train: () => 1, commit: () => 0.1 };
const atOnce = (count: number, brains: number): [number, number][] =>
  Array.from({ length: count }, (_, i) => [0, i % brains]);

it('a heap gives the least first', () => {
  const random = randomFrom(3);
  const heap = new Heap();
  const keys = Array.from({ length: 500 }, () => random());
  for (const key of keys) heap.push(key, key);
  expect(keys.map(() => heap.pop())).toEqual([...keys].sort((a, b) => a - b));
});

it('jobs of one brain are done one after the other, those of others at once', () => {
  const run = (brains: number, workers: number): number =>
    simulateWorkers({ jobs: atOnce(8, brains), workers, times: fixed, random: randomFrom(1), poll: 0.001 }).end;
  expect(run(8, 1)).toBeCloseTo(8 * 1.4, 1);
  expect(run(8, 4)).toBeCloseTo(2 * 1.4, 1);
  expect(run(1, 4)).toBeCloseTo(8 * 1.4, 1);
});

it('workers of one machine share it, but for their training', () => {
  const run = (workers: number): number =>
    simulateWorkers({
      jobs: atOnce(8, 8),
      workers,
      times: { ...fixed, train: () => 0 },
      random: randomFrom(1),
      isShared: true,
    }).end;
  expect(run(1)).toBeCloseTo(8 * 0.4, 6);
  expect(run(4)).toBeGreaterThan(8 * 0.4 - 1e-6);
  expect(run(4)).toBeLessThan(8 * 0.4 + 1);
});

it('what a dead worker had is taken again when its lease ends, and every job is done', () => {
  const given = { jobs: atOnce(400, 400), workers: 4, times: fixed, lease: 20, deathsPerHour: 500, restart: 30 };
  const run = simulateWorkers({ ...given, random: randomFrom(2) });
  expect(run.waits).toHaveLength(400);
  expect(run.deaths).toBeGreaterThan(10);
  expect(run.again).toBe(run.deaths);
  expect(simulateWorkers({ ...given, random: randomFrom(2) })).toEqual(run);
});

it('waiting times are those of Erlang', () => {
  const random = randomFrom(5);
  const [workers, rate] = [4, 3.2];
  let now = 0;
  const jobs = Array.from({ length: 60_000 }, (_, i) => [(now += nextAfter(rate, random)), i]);
  const none = (): number => 0;
  const times = { take: none, open: none, commit: none, train: () => nextAfter(1, random) };
  const { waits } = simulateWorkers({ jobs, workers, times, random, poll: 0.005 });
  const mean = waits.reduce((sum, value) => sum + value, 0) / waits.length;
  // Erlang C for four servers that are busy to four fifths: 0.596 wait, for 1.25 s on average.
  expect(mean).toBeGreaterThan((1 + 0.596 * 1.25) * 0.95);
  expect(mean).toBeLessThan((1 + 0.596 * 1.25) * 1.05);
});

it('arrivals follow the day and ranks follow Zipf', () => {
  const random = randomFrom(7);
  const draw = zipf(1000, 1, random);
  const seen = new Map<number, number>();
  for (let i = 0; i < 50_000; i++) {
    const k = draw();
    seen.set(k, (seen.get(k) ?? 0) + 1);
  }
  expect(Math.max(...seen.keys())).toBeLessThanOrEqual(1000);
  expect(seen.get(1)! / seen.get(4)!).toBeGreaterThan(3.5);
  expect(seen.get(1)! / seen.get(4)!).toBeLessThan(4.5);
  const day = arrivals({ perSecond: 1, from: 0, to: 24, curve: dayCurve, brainOf: () => 0, random });
  expect(day.length / 86_400).toBeGreaterThan(0.98);
  expect(day.length / 86_400).toBeLessThan(1.02);
  const near = (hour: number): number => day.filter(([at]) => Math.abs(at / 3600 - hour) < 1).length;
  expect(near(16)).toBeGreaterThan(10 * near(4));
});

it.each([200, 1000, 5000])('a cache of %d hits as often as one that is asked', (size) => {
  const random = randomFrom(11);
  const [brains, memories] = [200, 100];
  const [brain, memory] = [zipf(brains, 0.8, random), zipf(memories, 1, random)];
  const asked = simulateLru({ size, questions: 200_000, ask: () => brain() * 1000 + memory() });
  const said = hitRate(popularity({ brains, brainSkew: 0.8, memories, memorySkew: 1 }), size);
  expect(Math.abs(said - asked)).toBeLessThan(0.02);
});

it('what nobody asks for is cheaper to train again', () => {
  const popular = popularity({ brains: 1000, brainSkew: 0.8, memories: 100, memorySkew: 1 });
  const given = { questionsPerSecond: 1, bytes: 1.5e6, trainSeconds: 1.3, cores: 2 };
  const prices = { gigabyteMonth: 0.023, coreHour: 0.04 };
  const now = keepOrTrain(popular, { ...given, prices });
  const dear = keepOrTrain(popular, { ...given, prices: { ...prices, gigabyteMonth: 2.3 } });
  expect(now.breakEven).toBeCloseTo((1.5e-3 * 0.023) / ((2.6 / 3600) * 0.04), 6);
  expect(dear.cold).toBeGreaterThan(now.cold);
});

it('a fleet is too small until it is large enough, and more workers make nobody wait longer', () => {
  const measured = {
    ...{ phases: { take: [0.01], open: [0.02], commit: [0.05] }, trainSeconds: [0.8, 0.9, 1.3, 2.3] },
    ...{ commitsPerSecond: 300, takesPerSecond: 300, readsPerSecond: 3000, adapterBytesPerSecond: 5e7 },
  };
  const given = { brains: 20_000, from: 15.5, to: 16, workers: [1, 2, 4, 8], seed: 4 };
  const { fleets, limits, caches } = simulateFleet(measured, given);
  const p99 = fleets.map((one) => one.p99);
  expect(p99).toEqual([...p99].sort((a, b) => b - a));
  expect(p99[0]).toBeGreaterThan(60);
  expect(p99.at(-1)).toBeLessThan(10);
  expect(limits[0]!.load).toBeGreaterThan(limits.at(-1)!.load);
  expect(caches.at(-1)!.hits).toBe(1);
  expect(simulateFleet(measured, given).fleets).toEqual(fleets);
});

it('a plot has its lines, and names that are no markup', () => {
  const svg = linePlot({
    title: 'a < b',
    x: 'x',
    y: 'y',
    lines: [
      {
        name: 'one',
        points: [
          [1, 0.5],
          [100, 1],
        ],
      },
    ],
    yTo: 1,
  });
  expect(svg).toContain('a &#60; b');
  expect(svg.match(/<circle/g)).toHaveLength(2);
  expect(svg).not.toContain('NaN');
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
});
