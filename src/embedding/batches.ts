// Which texts are computed together: those of one length, so that nothing is padded and every text gets the vector that it
// gets alone. Not here: the computing.

/** Texts computed at once: on a CPU more gain nothing and delay an abort. */
const MOST = 16;

/** Indices into `lengths`, grouped. */
export function batchesOfEqualLength(lengths: readonly number[], most = MOST): number[][] {
  const groups = new Map<number, number[]>();
  lengths.forEach((length, i) => {
    const group = groups.get(length);
    if (group === undefined) groups.set(length, [i]);
    else group.push(i);
  });
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / most) }, (_, i) => group.slice(i * most, (i + 1) * most)),
  );
}
