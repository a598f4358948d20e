// What engram saves by doing less, or by rounding more: each variant in turn with the full step, in processes of their own.
// These are no comparisons with a peer: less work is less work for everybody.
import { cpuInfo } from '../../dist/training/index.js';
import { inspectModel } from '../../dist/models/index.js';
import { phase } from '../set-up/progress.mjs';
import { throwIfInterrupted } from './child.mjs';
import { startEngram } from './engram.mjs';
import { interleave } from './interleave.mjs';
import { shapeName } from './shapes.mjs';
import { significant } from './statistics.mjs';

const SHAPE = { batch: 1, tokens: 128 };
const ANSWER = 0.25;
const PRECISIONS = ['f32', 'f16', 'bf16', 'int8'];

export async function variantRows(run) {
  const options = { threads: run.threads, precision: run.precision };
  const rows = [];
  for (const [variant, changes] of Object.entries(variantsOf(run))) {
    rows.push({ variant, ...SHAPE, ...(await variantRow(run, variant, options, { ...options, ...changes })) });
  }
  return rows;
}

function variantsOf({ model, precision, peak }) {
  const { layers } = inspectModel(model.path).shape;
  const own = precision ?? cpuInfo().precision;
  // Without instructions for 8-bit products int8 works, and takes ages.
  const others = PRECISIONS.filter((other) => other !== own && (other !== 'int8' || peak.best.int8 !== undefined));
  const upper = [Math.floor(layers / 2), layers - 1];
  return {
    'loss on the last quarter only': { learned: ANSWER },
    'upper half of the layers': { layers: upper, fresh: true },
    'upper half, lower half cached': { layers: upper },
    'upper half, cached, loss on the last quarter': { layers: upper, learned: ANSWER },
    ...Object.fromEntries(others.map((other) => [`weights as ${other}`, { precision: other }])),
  };
}

async function variantRow(run, variant, full, changed) {
  if (run.isOver()) return { why: 'no time left' };
  const subjects = [];
  const { limitMs, variant: seconds } = run.times;
  try {
    return await phase(`${shapeName(SHAPE)}, ${variant}`, async () => {
      for (const options of [full, changed]) subjects.push(await startEngram(run.model, SHAPE, options, limitMs));
      const { ms, ratios } = await interleave(subjects, seconds);
      const [, subject] = subjects;
      return {
        precision: subject.about.precision,
        engramMs: significant(ms[1], 4),
        fullMs: significant(ms[0], 4),
        speedup: significant(ratios[1] === undefined ? undefined : 1 / ratios[1]),
        gflop: subject.flop / 1e9,
        engramRssMb: subject.peakRssMb,
        loss: significant(subject.firstLoss, 4),
        why: subject.why,
      };
    });
  } catch (error) {
    throwIfInterrupted();
    return { why: error.message };
  } finally {
    await Promise.all(subjects.map((subject) => subject.end()));
  }
}
