// Measures several subjects in turn (ours, theirs, ours, …), so that a machine that drifts hits all of them alike, and a ratio
// is taken within a round.
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './statistics.mjs';

/** How long one turn lasts at least, seconds. */
const TURN = 0.5;
/** Between turns: threads of the last one that still spin fall asleep. */
const PAUSE_MS = 100;
const LEAST_ROUNDS = 3;

/**
 * Rounds of one turn each, for about `seconds`, but at least three unless they take five times as long.
 * @param {Subject[]} subjects
 * @param {(rounds: number, ms: (number | undefined)[]) => void} onRound
 * @returns {{ ms: (number | undefined)[], ratios: (number | undefined)[], rounds: number }} of each subject its median, and
 *   the median of its time over the first subject's in the same round.
 */
export async function interleave(subjects, seconds, onRound = () => undefined) {
  const rounds = [];
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  while (rounds.length === 0 || elapsed() < seconds || (rounds.length < LEAST_ROUNDS && elapsed() < 5 * seconds)) {
    const round = [];
    for (const subject of subjects) {
      round.push(await subject.turn(TURN));
      await sleep(PAUSE_MS);
    }
    rounds.push(round);
    onRound(rounds.length, round);
    if (round.every((ms) => ms === undefined)) break;
  }
  const of = (values) => median(values.filter((value) => value !== undefined));
  return {
    ms: subjects.map((_, i) => of(rounds.map((round) => round[i]))),
    ratios: subjects.map((_, i) =>
      of(rounds.map((round) => (round[i] === undefined || round[0] === undefined ? undefined : round[i] / round[0]))),
    ),
    rounds: rounds.length,
  };
}
