// One index in JavaScript, built and asked by subject.mjs: lines of JSON in, lines of JSON out. First
// {method, library, base, queries, count, dimensions, connections, efConstruction, folder}, answered with
// {buildSeconds, bytes, version}; then {ef, seconds}, answered with {ms, cpuMs} (of one query), or {ef, all: true}, with {labels}.
// One thread, one query at a time, ten results. Not engram's own code but for the method that is engram.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const K = 10;
const require = createRequire(import.meta.url);

const floats = (path, length) => new Float32Array(readFileSync(path).buffer).subarray(0, length);

/** Each builds an index of `base` and returns `search(i, ef)`, the labels nearest to query i, and how it is saved. */
const METHODS = {
  engram: (asked, ...vectors) => engram(asked, {}, ...vectors),
  exact: (asked, ...vectors) => engram(asked, { exactBelow: Number.MAX_SAFE_INTEGER }, ...vectors),

  async hnswlib({ library, connections, efConstruction, dimensions, count }, base, queries) {
    const { HierarchicalNSW } = require(library);
    const index = new HierarchicalNSW('ip', dimensions);
    index.initIndex(count, connections, efConstruction);
    base.forEach((vector, i) => index.addPoint(Array.from(vector), i));
    const arrays = queries.map((query) => Array.from(query)); // it takes nothing else; not part of the time
    return {
      search(i, ef) {
        index.setEf(ef);
        return index.searchKnn(arrays[i], K).neighbors;
      },
      save: (folder) => index.writeIndexSync(join(folder, 'index')),
    };
  },

  async usearch({ library, connections, efConstruction, dimensions }, base, queries) {
    const { Index, MetricKind, ScalarKind } = require(library);
    const index = new Index({
      dimensions,
      metric: MetricKind.IP,
      quantization: ScalarKind.F32,
      connectivity: connections,
      expansion_add: efConstruction,
      expansion_search: 64,
      multi: false,
    });
    base.forEach((vector, i) => index.add(BigInt(i), vector));
    return {
      search: (i) => Array.from(index.search(queries[i], K, 1).keys, Number), // its ef cannot be set from JavaScript
      save: (folder) => index.save(join(folder, 'index')),
    };
  },
};

async function engram({ count, dimensions, connections, efConstruction }, options, base, queries) {
  const { VectorIndex } = await import('../../../dist/retrieval/vectors/index.js');
  const index = new VectorIndex({ dimensions, embedder: 'bench', connections, efConstruction, ...options });
  const all = new Float32Array(count * dimensions);
  base.forEach((vector, i) => all.set(vector, i * dimensions));
  await index.add(
    Uint32Array.from({ length: count }, (_, i) => i),
    all,
  );
  return {
    search: (i, ef) => Array.from(index.search(queries[i], K, { ef }).labels),
    save: (folder) => index.save(folder),
  };
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  return done ? undefined : JSON.parse(value);
};
const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const asked = await next();
const rows = (path, count) => {
  const all = floats(path, count * asked.dimensions);
  return Array.from({ length: count }, (_, i) => all.subarray(i * asked.dimensions, (i + 1) * asked.dimensions));
};
const base = rows(asked.base, asked.count);
const queries = rows(asked.queries, asked.queryCount);
const started = performance.now();
const index = await METHODS[asked.method](asked, base, queries);
const buildSeconds = (performance.now() - started) / 1000;
await index.save(asked.folder);
const bytes = readdirSync(asked.folder).reduce((sum, name) => sum + statSync(join(asked.folder, name)).size, 0);
say({ buildSeconds, bytes });

let at = 0;
for (let message = await next(); message !== undefined; message = await next()) {
  const { ef, seconds, all } = message;
  if (all) {
    say({ labels: queries.map((_, i) => index.search(i, ef)) });
    continue;
  }
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let done = 0;
  do {
    index.search(at++ % queries.length, ef);
    done++;
  } while (performance.now() - begin < seconds * 1000);
  const { user, system } = process.cpuUsage(cpu);
  say({ ms: (performance.now() - begin) / done, cpuMs: (user + system) / 1000 / done });
}
