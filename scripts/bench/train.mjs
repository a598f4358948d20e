// The whole benchmark of a training step: machine, peers, a row for each shape under each condition, then what less work
// saves. What cannot be measured has a reason in its row instead of a figure.
import { modelSha256, inspectModel, resolveModel } from '../../dist/models/index.js';
import { readSettings } from '../../dist/cli/options.js';
import { note } from '../set-up/progress.mjs';
import { beginReport } from './machine.mjs';
import { CONDITIONS } from './neighbours.mjs';
import { PeakMeter } from './peak.mjs';
import { findPeers } from './peers.mjs';
import { stepRows } from './train-steps.mjs';
import { variantRows } from './train-variants.mjs';

/** Seconds of measuring for each shape: alone, beside a neighbour, and to choose PEFT's dtype. `limitMs` is the longest wait
 * for a step. */
const TIMES = {
  full: { choice: 3, quiet: 20, beside: 12, variant: 6, limitMs: 60_000, minutes: 11 },
  quick: { choice: 1, quiet: 4, beside: 4, variant: 2, limitMs: 30_000, minutes: 3.5 },
};

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchTraining(options) {
  const report = beginReport('train');
  const { machine } = report;
  const chosen = TIMES[options.quick ? 'quick' : 'full'];
  const times = { ...chosen, limitMs: options.limit === undefined ? chosen.limitMs : options.limit * 1000 };
  const { home } = readSettings();
  const { name, path } = await resolveModel(home, options.model);
  const { shape } = inspectModel(path);
  const model = { name, path, sha256: await modelSha256(home, path), vocabularySize: shape.vocabularySize };
  if (machine.load > 0.3) note(`The machine is not quiet (load ${machine.load}): read ratios, not times.`);

  const peak = new PeakMeter(options.threads);
  await peak.measure();
  const peers = await findPeers(options, model);
  const until = Date.now() + (options.minutes ?? times.minutes) * 60_000; // what is fetched once does not count
  const conditions = Object.keys(CONDITIONS).filter((condition) => options.conditions.includes(condition));
  const run = { ...options, conditions, model, times, peers, peak, isOver: () => Date.now() > until };
  const rows = [];
  for (const shape of options.shapes) {
    rows.push(...(await stepRows(run, shape)));
    await peak.measure();
  }
  const variants = options.variants ? await variantRows(run) : [];
  return {
    ...report.head(),
    model: { name, sha256: model.sha256 },
    threads: options.threads,
    peakGflops: peak.best,
    peers: { peft: peers.peft.about, qvac: peers.qvac.about },
    conditions: Object.fromEntries(conditions.map((condition) => [condition, CONDITIONS[condition].text])),
    rows: rows.map((row) => peak.addShares(row)),
    variants: variants.map((row) => peak.addShares(row)),
  };
}
