// Many clients at once, good and bad ones, against a server; needs a build:
//   node scripts/soak.mjs --minutes 30 --clients 16     over an engine without a model, in a process of its own
//   node scripts/soak.mjs … --url URL --key KEY --model brain:default     against a running `engram serve`
// Prints failures that should not be, the memory of the server at its start and end, memories that were lost. Ends with 1 if there
// were any failures or losses.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomFrom } from './bench/memory/random.mjs';
import { clientOf } from './soak/clients.mjs';

const { values } = parseArgs({
  options: {
    ...{
      minutes: { type: 'string', default: '30' },
      clients: { type: 'string', default: '16' },
      seed: { type: 'string', default: '1' },
    },
    ...{ url: { type: 'string' }, key: { type: 'string' }, model: { type: 'string', default: 'tiny' } },
    ...{ embedder: { type: 'string', default: 'vectors' }, brain: { type: 'string', default: 'default' } },
  },
});
const { server, stop } = values.url === undefined ? await startOwn() : { server: values, stop: () => undefined };
const target = { ...values, ...server };
const seconds = Number(values.minutes) * 60;
try {
  const report = await soak(target, { seconds, clients: Number(values.clients), seed: Number(values.seed) });
  console.log(JSON.stringify(report, undefined, 2));
  process.exitCode = report.failures.length + report.lost.length + report.damaged + report.stuck > 0 ? 1 : 0;
} finally {
  await stop();
}

async function soak(at, { seconds, clients, seed }) {
  const [done, failures, kept] = [{}, [], new Map()];
  await sleep(500); // what is loaded at the first request is no leak
  const before = await metricsOf(at);
  const until = performance.now() + seconds * 1000;
  let warm;
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const random = randomFrom(seed * 1000 + i);
      const actions = Object.entries(clientOf(at, random, kept, done));
      while (performance.now() < until) {
        const [name, action] = actions[Math.floor(random() * actions.length)];
        const fault = await action().catch((error) => `${error.message}: ${error.cause?.message ?? ''}`);
        done[name] = (done[name] ?? 0) + 1;
        if (fault !== undefined) failures.push(`${name}: ${fault}`);
        if (warm === undefined && performance.now() > until - seconds * 900) warm = await metricsOf(at);
      }
    }),
  );
  const stuck = await drained(at);
  const after = await metricsOf(at);
  const held = await memoriesOf(at);
  const lost = [...kept]
    .filter(([id]) => !held.some((memory) => memory.id === id))
    .map(([id, text]) => `${id} ${text}`);
  const megabytes = ({ engram_resident_bytes: bytes }) => Math.round(bytes / 2 ** 20);
  return {
    ...{ seconds, clients, requests: Object.values(done).reduce((sum, n) => sum + n, 0), done },
    rssMiB: { start: megabytes(before), tenth: megabytes(warm ?? before), end: megabytes(after) },
    ...{ memories: kept.size, lost, damaged: held.filter(({ damaged }) => damaged !== undefined).length, stuck },
    failures: failures.slice(0, 50),
  };
}

/** What still runs or waits when everybody has gone. */
async function drained(at) {
  for (let i = 0; i < 50; i++) {
    const {
      engram_answers_running: running,
      engram_answers_waiting: waiting,
      engram_jobs_running: jobs,
    } = await metricsOf(at);
    if (running + waiting + jobs === 0) return 0;
    await sleep(100);
  }
  return 1;
}

async function metricsOf({ url, key }) {
  const text = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).text();
  return Object.fromEntries(
    [...text.matchAll(/^(engram_\w+) ([\d.e+]+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
}

async function memoriesOf({ url, key, brain }) {
  const held = [];
  for (let after = ''; ; after = `&after=${held.at(-1).id}`) {
    const path = `/engram/v1/brains/${brain}/memories?state=remembered&limit=1000${after}`;
    const page = await (await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })).json();
    held.push(...page.data);
    if (!page.has_more) return held;
  }
}

async function startOwn() {
  const home = mkdtempSync(join(tmpdir(), 'engram-soak-'));
  const program = fileURLToPath(new URL('soak/serve.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, home], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return {
    server: JSON.parse(line),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'close');
      rmSync(home, { recursive: true, force: true });
    },
  };
}
