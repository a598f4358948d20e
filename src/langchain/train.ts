// Learning texts, as LangChain's trainable models do. Not here: the learning (Memories.add).
import { EngramError, type Engram, type MemorizeProgress, type Receipt } from '../index.js';

/** Throws `empty` without an input, and what Memories.add() throws. */
export async function trainOn(
  { memories }: Pick<Engram, 'memories'>,
  inputs: readonly string[],
  options: { onProgress?: ((progress: MemorizeProgress) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<{ loss: number; receipts: Receipt[] }> {
  if (inputs.length === 0) throw new EngramError('empty', 'There is nothing to train on: no inputs were given.');
  const receipts: Receipt[] = [];
  for (const input of inputs) receipts.push(await memories.add(input, options));
  return { loss: receipts.reduce((sum, { loss }) => sum + loss.after, 0) / receipts.length, receipts };
}
