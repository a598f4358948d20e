// The whole benchmark of generation: every kind of work under every condition, beside llama.cpp's own llama-bench and
// node-llama-cpp, then starting, adapters, and what a training beside it loses. What cannot be measured has a reason in its row.
import { availableParallelism } from 'node:os';
import { modelSha256, resolveModel } from '../../dist/models/index.js';
import { readSettings } from '../../dist/cli/options.js';
import { note } from '../set-up/progress.mjs';
import { beginReport } from './machine.mjs';
import { PeakMeter } from './peak.mjs';
import { adapterRows } from './infer/adapters.mjs';
import { CONDITIONS } from './infer/conditions.mjs';
import { findPeers } from './infer/peers.mjs';
import { addShares, rowsOf } from './infer/rows.mjs';
import { Speakers } from './infer/speakers.mjs';
import { startRows } from './infer/starts.mjs';
import { trainingRows } from './infer/trainings.mjs';
import { BY_WEIGHT, WORKS } from './infer/work.mjs';

/** `seconds` of measuring for each work under each condition, of a training alone; how often engines are started; the longest a
 * piece of work may take; what is measured unless asked for. */
const TIMES = {
  full: { seconds: 8, training: 4, starts: 3, limitMs: 10_000, minutes: 9, adapters: 60, works: BY_WEIGHT },
  quick: {
    seconds: 2,
    training: 2,
    starts: 1,
    limitMs: 5000,
    minutes: 2.5,
    adapters: 20,
    works: BY_WEIGHT.slice(0, 2),
  },
};

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchInference(options) {
  const report = beginReport('infer');
  const { machine } = report;
  const chosen = TIMES[options.quick ? 'quick' : 'full'];
  const limitMs = options.limit === undefined ? chosen.limitMs : options.limit * 1000;
  const { home } = readSettings();
  const { name, path } = await resolveModel(home, options.model);
  const sha256 = await modelSha256(home, path);
  const cores = availableParallelism();
  if (machine.load > 0.3) note(`The machine is not quiet (load ${machine.load}): read ratios, not speeds.`);

  const peers = await findPeers(options.peers, path);
  const peak = new PeakMeter(cores);
  await peak.measure();
  const until = Date.now() + (options.minutes ?? chosen.minutes) * 60_000; // what is built once does not count
  const inOrder = (all, wanted) => all.filter((one) => wanted.includes(one));
  const conditions = inOrder(Object.keys(CONDITIONS), options.conditions);
  const works = inOrder(BY_WEIGHT, options.works ?? chosen.works);
  const isOver = () => Date.now() > until;
  const speakers = new Speakers({ model: path, peers, limitMs, isOver });
  const run = {
    path,
    peers,
    speakers,
    threads: options.threads,
    adapters: options.adapters ?? chosen.adapters,
    times: { ...chosen, limitMs, cores },
    isOver,
  };
  const rows = [];
  let training;
  try {
    for (const condition of conditions) for (const work of works) rows.push(...(await rowsOf(run, work, condition)));
    training = await trainingRows(run, rows);
  } finally {
    await speakers.end();
  }
  const starts = options.starts ? await startRows(run) : [];
  const adapters = await adapterRows(run);
  await peak.measure();
  return {
    ...report.head(),
    model: { name, sha256 },
    peakGflops: peak.best,
    peers: { llamaBench: peers.llamaBench.about, nodeLlamaCpp: peers.nodeLlamaCpp.about },
    limitSeconds: limitMs / 1000,
    conditions: Object.fromEntries(conditions.map((condition) => [condition, CONDITIONS[condition].text])),
    rows: inTableOrder(addShares(rows)),
    training,
    starts,
    adapters,
  };
}

/** By work, then by condition, as they are compared. */
function inTableOrder(rows) {
  const works = Object.keys(WORKS);
  return [...rows].sort((a, b) => works.indexOf(a.what) - works.indexOf(b.what)); // the sort is stable
}
