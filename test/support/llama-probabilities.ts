// What llama.cpp predicts, and what the trainer does, in one form: the probability of every token after each position.
import type { LlamaModel, Token } from 'node-llama-cpp';

/** llama.cpp's probabilities of every token after each position, rounding as little as it can. */
export async function probabilities(
  model: LlamaModel,
  tokens: readonly number[],
  adapter?: string,
): Promise<Float64Array[]> {
  const context = await model.createContext({
    contextSize: Math.max(64, tokens.length + 1),
    flashAttention: false, // it and the F16 cache round
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
    ...(adapter === undefined ? {} : { lora: adapter }),
  });
  const options = { generateNext: { probabilities: true, options: { temperature: 0 } } } as const;
  const results = await context.getSequence().controlledEvaluate(tokens.map((token) => [token as Token, options]));
  const rows = results.map((result) => {
    const found = result!.next.probabilities!;
    const row = new Float64Array(found.size);
    for (const [token, p] of found) row[token] = p;
    return row;
  });
  await context.dispose();
  return rows;
}

export function softmax(logits: Float32Array): Float64Array {
  const largest = Math.max(...logits);
  const powers = Float64Array.from(logits, (x) => Math.exp(x - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / total);
}

/** The `count` rows of a trainer's logits. */
export const rowsOf = (logits: Float32Array, count: number): Float32Array[] =>
  Array.from({ length: count }, (_, i) =>
    logits.subarray((i * logits.length) / count, ((i + 1) * logits.length) / count),
  );

/** The token ranked first. */
export const top = (row: Float64Array | Float32Array): number => row.indexOf(Math.max(...row));

/** The largest difference between two lists of rows. */
export const worstOf = (ours: readonly Float64Array[], theirs: readonly Float64Array[]): number =>
  Math.max(...ours.flatMap((row, i) => Array.from(row, (p, token) => Math.abs(p - theirs[i]![token]!))));
