// Which windows are computed together: those of one length, so that nothing is padded and every text gets the vector that it
// gets alone. Not here: the computing.

/** Tokens computed at once, unless one window has more. More gain nothing (a core computes 3.6 tokens in a millisecond in
 * windows of 16 tokens, eight or 32 at a time, and 3.1 one at a time), and a short question may be waiting. */
const MOST_TOKENS = 256;

/** Indices into `lengths`, grouped. */
export function batchesOfEqualLength(lengths: readonly number[], mostTokens = MOST_TOKENS): number[][] {
  const groups = new Map<number, number[]>();
  lengths.forEach((length, i) => {
    const group = groups.get(length);
    if (group === undefined) groups.set(length, [i]);
    else group.push(i);
  });
  return [...groups].flatMap(([length, group]) => {
    const most = Math.max(1, Math.floor(mostTokens / Math.max(1, length)));
    return Array.from({ length: Math.ceil(group.length / most) }, (_, i) => group.slice(i * most, (i + 1) * most));
  });
}
