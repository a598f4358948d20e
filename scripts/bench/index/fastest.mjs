// What a reader of many rows wants to know first.

/** Of each method the fastest row with at least this recall. */
export function fastest(rows, least) {
  const good = rows.filter(({ recall10 }) => recall10 >= least);
  return [...new Set(good.map(({ method }) => method))].map((method) =>
    good.filter((row) => row.method === method).reduce((a, b) => (a.msPerQuery <= b.msPerQuery ? a : b)),
  );
}
