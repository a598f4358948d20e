// Learning texts, as LangChain's trainable models do. Not here: the learning (Engram.memorize).
import { EngramError, type Engram, type MemorizeProgress, type Receipt } from '../index.js';

/** Throws `empty` without an input, and what Engram.memorize() throws. */
export async function trainOn(
  engram: Pick<Engram, 'memorize'>,
  inputs: readonly string[],
  options: { onProgress?: ((progress: MemorizeProgress) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<{ loss: number; receipts: Receipt[] }> {
  if (inputs.length === 0) throw new EngramError('empty', 'There is nothing to train on: no inputs were given.');
  const receipts: Receipt[] = [];
  for (const input of inputs) receipts.push(await engram.memorize(input, options));
  return { loss: receipts.reduce((sum, { loss }) => sum + loss.after, 0) / receipts.length, receipts };
}
