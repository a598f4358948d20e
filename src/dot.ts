// The inner product of two vectors; of length 1, their cosine. Not here: many at once (retrieval/vectors).

/** Of vectors that are as long. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
