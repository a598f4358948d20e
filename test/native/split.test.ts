// A model in several files: chat and training take it as they take the whole one, and refuse it by the part that is not there.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator } from '../../src/inference/index.js';
import { openBaseModel, openOwnWeights } from '../../src/training/index.js';
import { splitGguf } from '../support/split-gguf.js';
import { sequence, TINY } from './tiny.js';

let folder: string;
let parts: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'engram-split-'));
  parts = await splitGguf(TINY, join(folder, 'tiny'), 3);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function lossOf(path: string): Promise<number> {
  const base = await openBaseModel(path, { precision: 'f32' });
  const trainer = base.newTrainer();
  trainer.add(sequence(16));
  const { examples } = await trainer.evaluate([{ example: 0 }]);
  trainer.close();
  base.close();
  return examples[0]!.sumLoss;
}

async function answerOf(path: string, isOwn: boolean): Promise<string> {
  const ownWeights = (): ReturnType<typeof openOwnWeights> => openOwnWeights(path);
  const generator = await loadGenerator(path, { gpu: false, threads: 1, ...(isOwn ? { ownWeights } : {}) });
  try {
    return (await generator.complete('Hello there', { maxTokens: 12 })).text;
  } finally {
    await generator.close();
  }
}

describe('a model in three files', () => {
  it('is trained and answers as the whole one', async () => {
    expect(await lossOf(parts[0]!)).toBe(await lossOf(TINY));
    for (const isOwn of [false, true]) expect(await answerOf(parts[0]!, isOwn)).toBe(await answerOf(TINY, isOwn));
  });

  it('is refused by the part that is cut off or missing', async () => {
    const last = readFileSync(parts[2]!);
    writeFileSync(parts[2]!, last.subarray(0, last.length / 2));
    const named = { code: 'corrupt', message: expect.stringContaining(parts[2]!) as string };
    await expect(lossOf(parts[0]!)).rejects.toMatchObject(named);
    await expect(answerOf(parts[0]!, true)).rejects.toMatchObject(named);
    rmSync(parts[2]!);
    await expect(lossOf(parts[0]!)).rejects.toMatchObject(named);
    await expect(answerOf(parts[0]!, false)).rejects.toMatchObject(named);
  });
});
