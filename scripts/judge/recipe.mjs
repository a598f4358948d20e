// How a judge is trained: what is adapted, how fast, and what is asked of each memory in a step. Chosen on the part of everyday
// that is for choosing. Not here: the loop (train.mjs).
export const RECIPE = {
  optimizer: { learningRate: 5e-4, rateB: 4, maxGradNorm: 1 },
  warmUp: 40,
  targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  /** Share of the layers, from below, that stay as they are. Of the judge of SmolLM2 a quarter. */
  fromLayer: 0,
  /** Of each memory: questions that it answers, that it does not, and nearest questions about others of its brain. */
  answered: 6,
  unanswered: 3,
  hard: 3,
  hardFrom: 16,
  /** Shares: with a text that asks to be told always, with a remark before the question, with later texts. */
  injected: 0.03,
  remarked: 0.08,
  changed: 0.5,
  /** Loss weight of a question's tokens where the note answers it; the frame around it is not learned. */
  asking: 0.01,
  askingAfter: 3,
  askingBefore: 2,
};
