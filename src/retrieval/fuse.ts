// Rankings made of what two ways of searching found, and of what repeats the least. Not here: searching.
import { dot } from '../dot.js';

/** What is known of a passage beside a question. */
export interface Compared {
  id: number;
  /** Undefined where it has no sound vector. */
  cosine: number | undefined;
  /** By bm25; 0 where it has none of the question's words. */
  words: number;
}

/** What a word that one passage alone has is worth, as a difference of cosines; see docs/retrieval.md for how it was chosen. */
const WORD = 0.15;

/**
 * Scores fused, not ranks: the cosine, and bm25 as a number of words that one passage alone has among the `total` of the library.
 * Ranks forget how far the first is ahead, and a passage that alone has the number that was asked for is far ahead. Best first; of
 * equal scores the one that is given first. Scores may be above 1.
 */
export function fuseScores(passages: readonly Compared[], total: number): { id: number; score: number }[] {
  // As bm25 weighs such a word (its idf); hardly anything is rare in a small library.
  const rare = Math.max(1, Math.log((total - 0.5) / 1.5));
  const least = Math.min(...passages.map(({ cosine }) => cosine ?? 1));
  return passages
    .map(({ id, cosine, words }) => ({ id, score: (cosine ?? least) + WORD * (words / rare) }))
    .sort((a, b) => b.score - a.score);
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
