// From the hidden states of a text's tokens to its one vector, as the model's card says. Nothing is padded (batches.ts), so
// there is no mask to mind. Not here: which card that is (card.ts).

export type Pooling = 'mean' | 'cls' | 'last';

/** `hidden` has the shape [tokens, size]. */
export function pool(hidden: Float32Array, size: number, pooling: Pooling): Float32Array {
  if (pooling === 'cls') return hidden.slice(0, size);
  if (pooling === 'last') return hidden.slice(hidden.length - size);
  const mean = new Float32Array(size);
  for (let at = 0; at < hidden.length; at += size) {
    for (let d = 0; d < size; d++) mean[d]! += hidden[at + d]!;
  }
  const tokens = hidden.length / size;
  return mean.map((sum) => sum / tokens);
}

/** Scaled to length 1; a vector of zeros stays. */
export function normalised(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const norm = Math.sqrt(squares);
  return norm > 0 ? vector.map((value) => value / norm) : vector;
}

/** The average of vectors, weighted. */
export function average(vectors: readonly Float32Array[], weights: readonly number[]): Float32Array {
  const out = new Float32Array(vectors[0]!.length);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  vectors.forEach((vector, i) => {
    const share = weights[i]! / total;
    for (let d = 0; d < out.length; d++) out[d]! += share * vector[d]!;
  });
  return out;
}
