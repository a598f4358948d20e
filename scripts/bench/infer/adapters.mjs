// What it costs to answer with another adapter than before, one that is known and one that was never seen, and what many
// adapters leave behind in memory.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { phase } from '../../set-up/progress.mjs';
import { throwIfInterrupted } from '../child.mjs';
import { median, significant } from '../statistics.mjs';
import { Engine } from './engine.mjs';

const CONTEXT = 1024;
/** Adapters until memory is first looked at: caches fill. */
const SETTLE = 10;
const KNOWN_SWITCHES = 20;
/** Of a peer, for new adapters and again for known ones: with some each takes many seconds. */
const PEER_MS = 60_000;

/** Rows for adapters of all layers and, of engram, such as memorize makes; none if `run.adapters` is 0. */
export async function adapterRows(run) {
  if (run.isOver() || run.adapters === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), 'engram-bench-adapters-'));
  try {
    const whole = await adapterBytes(run.path, join(folder, 'whole.gguf'), false);
    const memory = await adapterBytes(run.path, join(folder, 'memory.gguf'), true);
    const subjects = [
      ['engram', whole],
      ['engram', memory],
      [run.peers.nodeLlamaCpp.engine, whole],
    ];
    const rows = [];
    for (const [engine, bytes] of subjects) {
      if (engine === undefined) continue;
      rows.push({
        engine,
        adapterMb: significant(bytes.length / 2 ** 20),
        ...(await rowOf(run, engine, folder, bytes)),
      });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function adapterBytes(model, path, isMemory) {
  const trainer = new Engine({ model });
  try {
    await trainer.ask({ do: 'saveAdapter', path, isMemory });
    return readFileSync(path);
  } finally {
    await trainer.end();
  }
}

async function rowOf(run, name, folder, bytes) {
  const engine = new Engine({ engine: name, model: run.path, contextSize: CONTEXT });
  const answer = (adapter) => engine.ask({ do: 'answer', adapter });
  /** What the first answer with an adapter takes longer than the second. */
  const switchTo = async (adapter) => {
    const [first, second] = [await answer(adapter), await answer(adapter)];
    return { ms: first.ms - second.ms, cpuMs: first.cpuMs - second.cpuMs };
  };
  let started = performance.now();
  const tookLong = () => name !== 'engram' && performance.now() - started > PEER_MS;
  try {
    return await phase(`Switching adapters, ${name}`, async (update) => {
      const fresh = [];
      let rssAtFirstMb;
      let last = 0;
      for (let i = 0; i < run.adapters + SETTLE && (i <= SETTLE + 1 || !run.isOver()); i++) {
        if (i >= 2 && tookLong()) break;
        last = i;
        if (i === SETTLE) rssAtFirstMb = engine.rssMb();
        fresh.push(await switchTo(newAdapter(folder, bytes, `${name}-${i}`)));
        if (i >= 2) rmSync(adapterPath(folder, `${name}-${i - 2}`), { force: true });
        update(`${i + 1} of ${run.adapters + SETTLE}`);
      }
      const rssAtLastMb = engine.rssMb();
      const settled = fresh.slice(Math.min(SETTLE, fresh.length - 1));
      const pair = [last, last - 1].map((i) => adapterPath(folder, `${name}-${i}`));
      const known = [];
      started = performance.now();
      for (let i = 0; i < KNOWN_SWITCHES && (i === 0 || !tookLong()); i++)
        known.push(await switchTo(pair[(i + 1) % 2]));
      return {
        adapters: settled.length,
        newMs: extraOf(settled, 'ms'),
        newCpuMs: extraOf(settled, 'cpuMs'),
        knownMs: extraOf(known, 'ms'),
        rssAtFirstMb,
        rssAtLastMb,
      };
    });
  } catch (error) {
    throwIfInterrupted();
    return { why: error.message };
  } finally {
    await engine.end();
  }
}

const extraOf = (switches, unit) => significant(median(switches.map((one) => one[unit])));

const adapterPath = (folder, name) => join(folder, `${name}.gguf`);

/** Another adapter in the state of one that was trained: its last value, one of B, is another. */
function newAdapter(folder, bytes, name) {
  const path = adapterPath(folder, name);
  const copy = Buffer.from(bytes);
  copy.writeFloatLE(Math.random() * 1e-6, copy.length - 4);
  writeFileSync(path, copy);
  return path;
}
