// What llama.cpp itself predicts, to compare the trainer with. Not here: engram's own way to it (src/inference).
import type { LlamaModel, Token } from 'node-llama-cpp';

// Lewis Carroll, Alice's Adventures in Wonderland (1865).
export const TEXT = `Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or
twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it, "and what is
the use of a book," thought Alice "without pictures or conversations?" So she was considering in her own mind (as well
as she could, for the hot day made her feel very sleepy and stupid), whether the pleasure of making a daisy-chain would
be worth the trouble of getting up and picking the daisies, when suddenly a White Rabbit with pink eyes ran close by her.
There was nothing so very remarkable in that; nor did Alice think it so very much out of the way to hear the Rabbit say
to itself, "Oh dear! Oh dear! I shall be late!" (when she thought it over afterwards, it occurred to her that she ought
to have wondered at this, but at the time it all seemed quite natural); but when the Rabbit actually took a watch out of
its waistcoat-pocket, and looked at it, and then hurried on, Alice started to her feet, for it flashed across her mind
that she had never before seen a rabbit with either a waistcoat-pocket, or a watch to take out of it, and burning with
curiosity, she ran across the field after it, and fortunately was just in time to see it pop down a large rabbit-hole
under the hedge.`;

/** ggml's threads spin while they wait for one another: where cores are shared, one alone is done sooner. */
const THREADS = 1;

/** llama.cpp's probabilities of every token after each position. `isExact`: as a trainer computes; else as a chat does. */
export async function probabilities(
  model: LlamaModel,
  tokens: readonly number[],
  adapter?: string,
  isExact = true,
): Promise<Float64Array[]> {
  const context = await model.createContext({
    contextSize: Math.max(64, tokens.length + 1),
    threads: THREADS,
    // Flash attention and the F16 cache round.
    ...(isExact
      ? ({ flashAttention: false, experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' } as const)
      : {}),
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

/** The token that llama.cpp ranks first after each position, with its default settings. */
export async function greedy(model: LlamaModel, tokens: readonly number[], adapter?: string): Promise<number[]> {
  const context = await model.createContext({
    contextSize: tokens.length + 1,
    threads: THREADS,
    ...(adapter === undefined ? {} : { lora: adapter }),
  });
  const options = { generateNext: { token: true, options: { temperature: 0 } } } as const;
  const results = await context.getSequence().controlledEvaluate(tokens.map((token) => [token as Token, options]));
  await context.dispose();
  return results.map((result) => Number(result!.next.token));
}

/** Of positions that are equal. */
export const share = (a: readonly number[], b: readonly number[]): number =>
  a.filter((token, i) => token === b[i]).length / a.length;

/** The token ranked first. */
export const top = (row: Float64Array | Float32Array): number => row.indexOf(Math.max(...row));

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

/** The largest difference between two lists of rows. */
export const worstOf = (ours: readonly Float64Array[], theirs: readonly Float64Array[]): number =>
  Math.max(...ours.flatMap((row, i) => Array.from(row, (p, token) => Math.abs(p - theirs[i]![token]!))));
