// What each piece of evidence counts, in the order of EVIDENCE (evidence.ts): a logistic regression, fitted by
// `node scripts/bench/gate-fit.mjs FOLDER 250` on rows of the first halves of zsRE, CounterFact, WikiBigEdit and SQuAD's sentences
// together. docs/memory.md, The gate.

export const GATE_WEIGHTS: readonly number[] = [
  -6.84, 6.14, 2.3, -2.26, -1.43, -2.77, 0.71, 5.14, 0.54, 3.33, -0.35, -1.42, 0.67, -1.12, -0.62, -0.74, 1.23, 1.63,
  1.2, -3.06, 2.59, -2.37, -1.63, -0.4, 0.5, 1.92,
];
