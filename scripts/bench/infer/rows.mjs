// The rows of one piece of work under one condition: all who do it in turn, then their speeds and the ratios within rounds.
import { phase } from '../../set-up/progress.mjs';
import { interleave } from '../interleave.mjs';
import { median, significant } from '../statistics.mjs';
import { under } from './conditions.mjs';
import { OVER } from './speakers.mjs';
import { WORKS } from './work.mjs';

/** One row for each entry of `run.threads`, a number or `own`. */
export async function rowsOf(run, what, condition) {
  if (run.isOver()) return run.threads.map((threads) => ({ what, condition, threads, why: OVER }));
  const parts = run.speakers.parts(WORKS[what], condition, run.threads);
  const rounds = [];
  await phase(`${what}, ${condition}`, (update) =>
    under(condition, () =>
      interleave(parts, run.times.seconds, (count, round) => {
        rounds.push(round);
        update(inWords(parts, count, round));
      }),
    ),
  );
  return run.threads.map((threads) => ({ what, condition, ...compare(parts, rounds, threads) }));
}

/**
 * What `engram` with so many threads did, beside the others with as many; beside engram's own choice, the others at their best.
 * @param {{ name: string, threads: number | 'own', inTime: boolean, why?: string }[]} parts
 * @param {(number | undefined)[][]} rounds milliseconds a token of each part. Speeds are tokens a second: medians. A ratio is
 *   engram's speed over another's, the median of those within a round.
 */
export function compare(parts, rounds, threads) {
  const ms = parts.map((_, i) => median(present(rounds.map((round) => round[i]))));
  const find = (name, count) => parts.findIndex((part) => part.name === name && part.threads === count);
  const best = (name) => {
    const able = [...parts.keys()].filter((i) => parts[i].name === name && ms[i] !== undefined);
    return able.sort((a, b) => ms[a] - ms[b])[0] ?? -1;
  };
  const of = { engram: find('engram', threads) };
  for (const name of ['llamaBench', 'nodeLlamaCpp']) of[name] = threads === 'own' ? best(name) : find(name, threads);
  const ratio = (other) =>
    significant(median(present(rounds.map((round) => quotient(round[other], round[of.engram])))));
  const named = Object.entries(of);
  return {
    threads,
    ...Object.fromEntries(named.map(([name, i]) => [name, perSecond(ms[i])])),
    ratio: ratio(of.llamaBench),
    nodeRatio: ratio(of.nodeLlamaCpp),
    bestRatio: ratio(best('llamaBench')),
    llamaBenchThreads: parts[of.llamaBench]?.threads,
    nodeLlamaCppThreads: parts[of.nodeLlamaCpp]?.threads,
    rounds: rounds.length,
    late: named.filter(([, i]) => parts[i]?.inTime === false && ms[i] !== undefined).map(([name]) => name),
    why: reasons(named, parts),
    ...trainedBeside(parts[of.engram]),
  };
}

/** Adds to rows what is left of the speed they have in the quiet. */
export function addShares(rows) {
  return rows.map((row) => {
    const quiet = rows.find(
      ({ what, condition, threads }) => what === row.what && condition === 'quiet' && threads === row.threads,
    );
    if (quiet === undefined || quiet === row) return row;
    const share = (name) => significant(quotient(row[name], quiet[name]));
    return {
      ...row,
      engramOfQuiet: share('engram'),
      llamaBenchOfQuiet: share('llamaBench'),
      nodeLlamaCppOfQuiet: share('nodeLlamaCpp'),
    };
  });
}

function reasons(named, parts) {
  const said = named.filter(([, i]) => parts[i]?.why !== undefined).map(([name, i]) => `${name}: ${parts[i].why}`);
  return said.length > 0 ? said.join('; ') : undefined;
}

function trainedBeside(engram) {
  return engram?.trainedSeconds > 0 ? { stepsPerSecond: significant(engram.steps / engram.trainedSeconds) } : {};
}

const present = (values) => values.filter((value) => value !== undefined);
const quotient = (a, b) => (a === undefined || b === undefined ? undefined : a / b);
const perSecond = (ms) => (ms === undefined ? undefined : significant(1000 / ms, 4));

function inWords(parts, count, round) {
  const speeds = parts.map(({ name, threads }, i) => {
    const speed = round[i] === undefined ? 'none' : String(significant(1000 / round[i]));
    return `${name}/${threads} ${speed}`;
  });
  return `round ${count}, tokens/s: ${speeds.join(', ')}`;
}
