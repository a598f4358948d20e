// How a judge is trained: what is adapted, how fast, and what is asked of each memory in a step. Chosen on the part of everyday
// that is for choosing. Not here: the loop (train.mjs).
export const RECIPE = {
  optimizer: { learningRate: 5e-4, rateB: 4, maxGradNorm: 1 },
  warmUp: 40,
  targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  /** Of each memory: questions that it answers, that it does not, nearest questions about others of its brain, and general ones,
   * its own and any of its brain. */
  answered: 8,
  unanswered: 3,
  hard: 3,
  hardFrom: 16,
  general: 1,
  anyGeneral: 2,
  /** Shares: with a text that asks to be told always, with a remark before the question, with later texts. */
  injected: 0.03,
  remarked: 0.08,
  changed: 0.5,
  /** Of a share of the questions that the note answers: loss weight of their tokens; the frame around them is not learned. */
  asking: 0.01,
  askingShare: 0.6,
  askingAfter: 3,
  askingBefore: 2,
};
