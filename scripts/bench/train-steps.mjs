// The rows of one shape: engram's step and PEFT's in turn under every condition, then qvac's.
import { phase } from '../set-up/progress.mjs';
import { throwIfInterrupted } from './child.mjs';
import { startEngram } from './engram.mjs';
import { interleave } from './interleave.mjs';
import { beside } from './neighbours.mjs';
import { startPeft } from './peft.mjs';
import { timeQvac } from './qvac.mjs';
import { shapeName } from './shapes.mjs';
import { significant } from './statistics.mjs';

/** A dtype of PEFT's that is so much slower than the other is not tried with the next shape. */
const HOPELESS = 2;
/** Tokens of the one shape at which PEFT is timed beside a neighbour on all cores: it may take a minute a step there. */
const SHARED_TOKENS = 128;
const OVER = 'no time left';

export async function stepRows(run, shape) {
  const excuse = (why) => run.conditions.map((condition) => ({ condition, ...shape, why }));
  if (run.isOver()) return excuse(OVER);
  const { model, threads, precision, times } = run;
  const started = [];
  try {
    started.push(await startEngram(model, shape, { threads, precision }, times.limitMs));
    const { peft, why } = await phase(`${shapeName(shape)}: starting`, () => fasterPeft(run, shape));
    if (peft !== undefined) started.push(peft);
    return await rowsOf(run, shape, started[0], peft, why);
  } catch (error) {
    throwIfInterrupted();
    return excuse(error.message);
  } finally {
    await Promise.all(started.map((subject) => subject.end()));
  }
}

async function rowsOf(run, shape, engram, peft, why) {
  const rows = [];
  for (const condition of run.conditions) {
    rows.push(await conditionRow(run, shape, condition, engram, peft, why));
    compareWithQuiet(rows.at(-1), rows[0]);
  }
  const rss = { engramRssMb: engram.peakRssMb, peftRssMb: peft?.peakRssMb };
  const rssRatio = ratio(rss.engramRssMb, rss.peftRssMb);
  const isQuiet = ({ condition }) => condition === 'quiet';
  const qvac = await qvacFigures(run, shape, rows.find(isQuiet)?.engramMs);
  return rows.map((row) => ({ ...row, ...rss, rssRatio, ...(isQuiet(row) ? qvac : {}) }));
}

/** PEFT with the dtype that is faster at this shape; the other is ended. */
async function fasterPeft({ peers, model, threads, times }, shape) {
  if (peers.peft.python === undefined) return { why: reasonFor(peers.peft) };
  const tried = [];
  let why;
  for (const dtype of peers.peft.dtypes) {
    try {
      const options = { threads, dtype };
      tried.push(await startPeft(peers.peft, model.vocabularySize, shape, options, times.limitMs));
    } catch (error) {
      throwIfInterrupted();
      why = error.message;
    }
  }
  const { ms } = await interleave(tried, times.choice);
  const able = tried.map((subject, i) => ({ subject, ms: ms[i] })).filter(({ subject }) => subject.why === undefined);
  able.sort((a, b) => a.ms - b.ms);
  const best = able[0]?.subject;
  await Promise.all(tried.filter((subject) => subject !== best).map((subject) => subject.end()));
  if (best === undefined) return { why: tried[0]?.why ?? why };
  const { versions, importedRssMb } = best.about;
  peers.peft.about = { versions, importedRssMb };
  peers.peft.dtypes = able.filter((one) => one.ms < HOPELESS * able[0].ms).map(({ subject }) => subject.about.dtype);
  return { peft: best };
}

async function conditionRow(run, shape, condition, engram, peft, peftWhy) {
  const row = { condition, ...shape };
  if (run.isOver()) return { ...row, why: OVER };
  const isAlone = condition === 'quiet';
  const isSpared = condition === 'shared' && !isSharedShape(run, shape);
  const subjects = peft === undefined || isSpared ? [engram] : [engram, peft];
  const seconds = isAlone ? run.times.quiet : run.times.beside;
  const { ms, ratios, rounds } = await phase(`${shapeName(shape)}, ${condition}`, (update) =>
    beside(condition, () => interleave(subjects, seconds, (count, round) => update(inWords(subjects, count, round)))),
  );
  return {
    ...row,
    precision: engram.about.precision,
    engramMs: significant(ms[0], 4),
    peftMs: significant(ms[1], 4),
    ratio: significant(ratios[1]),
    peftDtype: peft?.about.dtype,
    rounds,
    gflop: engram.flop / 1e9,
    // Of the first step on the same tokens: both train the same model.
    engramLoss: significant(engram.firstLoss, 4),
    peftLoss: significant(peft?.firstLoss, 4),
    why: engram.why,
    peftWhy: peft === undefined ? peftWhy : (peft.why ?? (isSpared ? 'measured at one shape only' : undefined)),
  };
}

/** The shape of so many tokens, or else the first. */
function isSharedShape({ shapes }, shape) {
  const chosen = shapes.find(({ batch, tokens }) => batch === 1 && tokens === SHARED_TOKENS) ?? shapes[0];
  return shapeName(shape) === shapeName(chosen);
}

function inWords(subjects, count, round) {
  const times = subjects.map(
    ({ name }, i) => `${name} ${round[i] === undefined ? 'none' : `${Math.round(round[i])} ms`}`,
  );
  return `round ${count}: ${times.join(', ')}`;
}

/** The share of the quiet speed that is left. */
function compareWithQuiet(row, quiet) {
  if (row === quiet || quiet.condition !== 'quiet') return;
  row.engramOfQuiet = ratio(quiet.engramMs, row.engramMs);
  row.peftOfQuiet = ratio(quiet.peftMs, row.peftMs);
}

async function qvacFigures(run, shape, engramMs) {
  const { folder, path } = run.peers.qvac;
  if (folder === undefined) return { qvacWhy: reasonFor(run.peers.qvac) };
  if (engramMs === undefined) return {};
  if (shape.batch > 1) return { qvacWhy: 'it takes one sequence a step' };
  if (run.isOver()) return { qvacWhy: OVER };
  try {
    const { tokens } = shape;
    const { ms, rssMb } = await phase(`${shapeName(shape)}, qvac`, () =>
      timeQvac({ folder, path }, { tokens, threads: run.threads }, run.times.limitMs),
    );
    return { qvacMs: significant(ms, 4), qvacRatio: ratio(ms, engramMs), qvacRssMb: rssMb };
  } catch (error) {
    throwIfInterrupted();
    return { qvacWhy: error.message };
  }
}

/** Who is not asked for needs no excuse in every row. */
const reasonFor = ({ isAsked = true, about }) => (isAsked ? about.why : undefined);

const ratio = (a, b) => (a === undefined || b === undefined ? undefined : significant(a / b));
