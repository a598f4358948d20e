// What each piece of evidence counts, in the order of EVIDENCE (evidence.ts): a logistic regression, fitted on the first halves of
// zsRE, CounterFact, WikiBigEdit and SQuAD's sentences together, wrong answers twice as bad as none. docs/memory.md, The gate.

export const GATE_WEIGHTS: readonly number[] = [
  -4.58, 4.46, -0.05, -0.36, -2.02, -2.92, -1.14, 4.75, 0.44, 1.14, -0.22, -0.11, 3.29, -1.35, -0.54, -0.4, 1.97, 2.06,
  2.23, -1.05, 3.05, -5.54, 1.19, -0.69, -0.2, 1.89,
];
