// What each piece of evidence counts, in the order of EVIDENCE (evidence.ts): a logistic regression, fitted by
// `node scripts/bench/gate-fit.mjs FOLDER 250` on rows of the first halves of zsRE, CounterFact, WikiBigEdit and SQuAD's sentences
// together. docs/memory.md, The gate.

export const GATE_WEIGHTS: readonly number[] = [
  -5.53, 5.97, -0.04, -1.92, -1.63, -3.63, 1.76, 4.45, 0.88, 1.97, -1.22, -0.15, 0.3, -1.25, -1.04, -0.69, 1.37, 5.77,
  3.55, -2.61, 2.89, -1.96, -2.32, -2.17, -0.53, 0.3,
];
