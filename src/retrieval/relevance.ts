// How much a passage is about a question: closeness of meaning, and the share of the question's telling words that the passage
// has, rare words counting more. From a measured threshold on an answer may rest on it. Not here: finding (search.ts), and how
// passages are put to the model (prompt.ts).

/** See docs/retrieval.md for how it was measured. */
export const RELEVANCE_THRESHOLD = 0.4;

/** What is known of one word of a question. */
export interface Term {
  /** Passages of the library that have it. */
  frequency: number;
  /** Those of the passages in question that do. */
  ids: ReadonlySet<number>;
}

/** So many passages are thought beside those of the library, so that words weigh something in a small one. */
const PRIOR = 1000;

/** So many words that no passage has are thought beside those of the question: one word alone proves little. */
const UNSEEN = 2;

/** From about 0 to 1. `cosine` is that of the question and the passage; `passages` of the whole library. */
export function relevanceOf(id: number, cosine: number, terms: readonly Term[], passages: number): number {
  let covered = 0;
  let total = 0;
  for (const { frequency, ids } of terms) {
    const weight = Math.log(1 + (passages + PRIOR) / (frequency + 0.5));
    total += weight;
    if (ids.has(id)) covered += weight;
  }
  const coverage = total === 0 ? 0 : (covered / total) * (terms.length / (terms.length + UNSEEN));
  return (cosine + coverage) / 2;
}
