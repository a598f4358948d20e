// What a user waits for and what it takes, in fresh processes with the default context: loading the model, the first token of an
// answer, the most memory of a prompt of 512 and a generation of 128 tokens.
import { phase } from '../../set-up/progress.mjs';
import { throwIfInterrupted } from '../child.mjs';
import { median, significant } from '../statistics.mjs';
import { Engine } from './engine.mjs';
import { WORKS } from './work.mjs';

/** Tokens: engram's default. */
const CONTEXT = 4096;
const FIRST_TOKENS = 5;

export async function startRows(run) {
  if (run.isOver()) return [];
  return phase('Load, first token, memory', async () => {
    const found = { engram: [], llamaBench: [], nodeLlamaCpp: [] };
    const why = {};
    for (let round = 0; round < run.times.starts; round++) {
      for (const name of Object.keys(found)) {
        if (round > 0 && run.isOver()) break; // each once is a table too
        try {
          const figures = await figuresOf(run, name);
          if (figures !== undefined) found[name].push(figures);
        } catch (error) {
          throwIfInterrupted();
          why[name] = error.message;
        }
      }
    }
    const reasons = Object.entries(why).map(([name, text]) => `${name}: ${text}`);
    return [
      row('model load', 'ms', 'loadMs', found, reasons),
      row('first token of an answer to 128', 'ms', 'firstTokenMs', found, reasons),
      row('peak memory', 'MB', 'rssMb', found, reasons),
    ];
  });
}

/** Undefined for who is not there. */
async function figuresOf({ path, peers, times }, name) {
  const { bench } = peers.llamaBench;
  if (name === 'llamaBench') return bench && { rssMb: await bench.peakRssMb(times.cores, times.limitMs) };
  const engine = name === 'engram' ? 'engram' : peers.nodeLlamaCpp.engine;
  return engine && startOf(engine, path, times.limitMs);
}

async function startOf(name, model, limitMs) {
  const engine = new Engine({ engine: name, model, contextSize: CONTEXT });
  try {
    await engine.start();
    const { loadMs } = engine.about;
    const first = [];
    const until = performance.now() + limitMs;
    do first.push((await engine.ask({ do: 'firstToken', tokens: 128 })).ms);
    while (first.length < FIRST_TOKENS && performance.now() < until);
    for (const work of [WORKS['prompt 512'], WORKS['generation 128']]) {
      await engine.ask({ do: 'timed', ...work, seconds: 0, limitMs });
    }
    return { loadMs, firstTokenMs: median(first), rssMb: engine.peakRssMb() };
  } finally {
    await engine.end();
  }
}

/** `ratio`: engram's figure over node-llama-cpp's; less is better. */
function row(what, unit, key, found, reasons) {
  const of = (name) => significant(median(found[name].map((figures) => figures[key]).filter(Number.isFinite)));
  const [engram, llamaBench, nodeLlamaCpp] = ['engram', 'llamaBench', 'nodeLlamaCpp'].map(of);
  const ratio = engram === undefined || nodeLlamaCpp === undefined ? undefined : significant(engram / nodeLlamaCpp);
  return {
    what,
    unit,
    engram,
    llamaBench,
    nodeLlamaCpp,
    ratio,
    why: reasons.length > 0 ? reasons.join('; ') : undefined,
  };
}
