// From the hidden states of a text's tokens to its one vector, as the card of all-MiniLM-L6-v2 says: their mean, scaled to
// length 1. Not here: models that are made to be read from their first token.

/** `hidden` has the shape [tokens, size]. */
export function meanOfTokens(hidden: Float32Array, size: number): Float32Array {
  const mean = new Float32Array(size);
  for (let at = 0; at < hidden.length; at += size) {
    for (let d = 0; d < size; d++) mean[d]! += hidden[at + d]!;
  }
  let squares = 0;
  for (const value of mean) squares += value * value;
  const norm = Math.sqrt(squares);
  return norm > 0 ? mean.map((value) => value / norm) : mean;
}
