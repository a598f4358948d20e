// Rankings made of rankings: reciprocal rank fusion, and maximal marginal relevance. Not here: where rankings come from.
import { dot } from '../dot.js';

/** One ranking that is fused: ids, best first. */
export interface Ranking {
  ids: readonly number[];
  weight: number;
}

/**
 * Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): an id scores weight / (constant + rank) in each ranking
 * that has it. Best first; of equal scores the one that an earlier ranking has higher.
 */
export function fuseRanks(rankings: readonly Ranking[], constant: number): { id: number; score: number }[] {
  const scores = new Map<number, number>();
  for (const { ids, weight } of rankings) {
    ids.forEach((id, i) => scores.set(id, (scores.get(id) ?? 0) + weight / (constant + i + 1)));
  }
  return [...scores].map(([id, score]) => ({ id, score })).sort((a, b) => b.score - a.score);
}

export interface Candidate {
  id: number;
  score: number;
  vector: Float32Array | undefined;
}

/**
 * Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): picks the one that scores best after what it repeats of
 * those picked before is taken off. `diversity` from 0 (only scores count) to 1 (only difference does). Scores are scaled to
 * [0, 1]; what has no vector repeats nothing.
 */
export function diversify(candidates: readonly Candidate[], most: number, diversity: number): Candidate[] {
  const rest = [...candidates];
  const picked: Candidate[] = [];
  const scores = candidates.map(({ score }) => score);
  const low = Math.min(...scores);
  const range = Math.max(...scores) - low || 1;
  // The likeness of each to the nearest that was picked.
  const likeness = new Map<number, number>();
  while (picked.length < most && rest.length > 0) {
    let best = 0;
    let bestValue = -Infinity;
    rest.forEach(({ id, score }, i) => {
      const value = (1 - diversity) * ((score - low) / range) - diversity * (likeness.get(id) ?? 0);
      if (value > bestValue) [best, bestValue] = [i, value];
    });
    const [chosen] = rest.splice(best, 1);
    picked.push(chosen!);
    for (const { id, vector } of rest) {
      if (vector === undefined || chosen!.vector === undefined) continue;
      likeness.set(id, Math.max(likeness.get(id) ?? 0, dot(vector, chosen!.vector)));
    }
  }
  return picked;
}
