// Vectors for tests of the index, and the search that is certainly right.

/** The same for the same seed; of lengths other than 1. */
export function randomVectors(count: number, size: number, seed = 1): Float32Array {
  let state = Math.imul(seed, 2654435761) >>> 0;
  return Float32Array.from({ length: count * size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32 - 0.5;
  });
}

/** Labels of the `k` nearest by angle, best first. */
export function exactly(entries: ReadonlyMap<number, Float32Array>, query: Float32Array, k: number): number[] {
  const cosine = (vector: Float32Array): number => {
    let [product, squares] = [0, 0];
    vector.forEach((value, i) => {
      product += value * query[i]!;
      squares += value * value;
    });
    return product / Math.sqrt(squares);
  };
  return [...entries]
    .map(([label, vector]) => ({ label, score: cosine(vector) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, k)
    .map(({ label }) => label);
}

/** Share of the expected labels that were found. */
export function recall(found: Iterable<number>, expected: readonly number[]): number {
  const labels = new Set(found);
  return expected.filter((label) => labels.has(label)).length / expected.length;
}
