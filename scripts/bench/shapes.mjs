// The batches that are timed: so many sequences of so many tokens, no two alike, the same for all who are compared.

/** Reads `8x64`: 8 sequences of 64 tokens. Throws RangeError. */
export function readShape(text) {
  const [, batch, tokens] = /^([1-9]\d{0,3})[x×]([1-9]\d{0,5})$/.exec(text.trim()) ?? [];
  if (batch === undefined)
    throw new RangeError(`Expected a shape like 8x64 (sequences x tokens) but received "${text}".`);
  return { batch: Number(batch), tokens: Number(tokens) };
}

export const shapeName = ({ batch, tokens }) => `${batch}x${tokens}`;

/** Examples for a shape. One token more than it says: the last is a target only. `learned` is the share of each sequence,
 * counted from its end, that has a loss. No two begin alike, so that nothing is computed once for several. */
export function examplesOf({ batch, tokens }, vocabularySize, learned = 1) {
  const unlearned = Math.floor(tokens * (1 - learned));
  return Array.from({ length: batch }, (_, sequence) => ({
    tokens: Array.from({ length: tokens + 1 }, (_, i) => (i * 7919 + sequence * 104729 + 13) % vocabularySize),
    weights: Array.from({ length: tokens + 1 }, (_, i) => (i > unlearned ? 1 : 0)),
  }));
}
