// The ways to remember that are compared.

/** What each remembers with. */
export const STRATEGIES = {
  none: { weights: false, retrieval: false },
  retrieval: { weights: false, retrieval: true },
  weights: { weights: true, retrieval: false },
  both: { weights: true, retrieval: true },
};

/** The base model first: every other is compared with its answers. */
export function inOrder(strategies) {
  return ['none', ...strategies.filter((strategy) => strategy !== 'none')];
}
