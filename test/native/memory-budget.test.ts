// Memory on a tiny model: what a training is said to take, the refusal of less, and the same adapter within any limit.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngramError } from '../../src/errors.js';
import { largestBatch, memoryOf, MemoryBudget } from '../../src/training/memory-budget.js';
import { resolveLora } from '../../src/training/options.js';
import { openBaseModel, train } from '../../src/training/index.js';
import { loadAddon, type MemoryNeed } from '../../src/training/native.js';
import { GGML, sequence, TINY } from './tiny.js';

const LORA = { rank: 4, seed: 5, dropout: 0.2 };
const EXAMPLES = [40, 64, 25, 33].map((length, i) => sequence(length, 3 * i));
const TOKENS = 162;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-memory-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const need = (tokens: number): MemoryNeed =>
  loadAddon().estimateMemory(TINY, GGML, { precision: 'f32', tokens }, resolveLora(LORA, 3));

async function adapterWithin(memoryLimit: number | undefined): Promise<Buffer> {
  const base = await openBaseModel(TINY, { precision: 'f32', threads: 2 });
  const output = join(folder, `${memoryLimit ?? 'any'}.gguf`);
  try {
    await train(base, EXAMPLES, { lora: LORA, batchSize: 4, epochs: 3, output, memoryLimit });
  } finally {
    base.close();
  }
  return readFileSync(output);
}

/** The least limit with which the training passes, to the kilobyte. */
async function leastThatPasses(): Promise<number> {
  let [low, high] = [1000, 64_000_000];
  while (high - low > 1000) {
    const middle = Math.round((low + high) / 2);
    const passes = await adapterWithin(middle).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'memory' });
        return false;
      },
    );
    [low, high] = passes ? [low, middle] : [middle, high];
  }
  return high;
}

describe('memory', () => {
  it('grows with the batch, less so when layers are computed twice', () => {
    const [some, more] = [need(TOKENS), need(2 * TOKENS)];
    expect(more.least).toBeGreaterThan(1.3 * some.least);
    expect(more.most - more.least).toBe(2 * (some.most - some.least));
    expect(more.model).toBe(some.model);
  });

  it('gives the same adapter within any limit that is enough', async () => {
    const free = await adapterWithin(undefined);
    const least = await leastThatPasses();
    for (const share of [0, 0.1, 0.3]) {
      expect(await adapterWithin(Math.round(least * (1 + share)))).toEqual(free);
    }
  });

  it('that is not enough is refused before the start, with the numbers', () => {
    const refused = (): unknown =>
      new MemoryBudget(1_000_000).plan(memoryOf(TINY), resolveLora(LORA, 3), TOKENS, 'f32');
    expect(refused).toThrow(EngramError);
    expect(refused).toThrow(/needs at least \d+ MB, the limit is \d+ MB: the model \d+ MB, .*the program itself/);
    expect(() => new MemoryBudget(0)).toThrow(/memory/);
  });

  it('counts the largest batch that can be', () => {
    const limits = { batchSize: 2, batchTokens: null };
    const of = (limits: { batchSize: number; batchTokens: number | null }): number =>
      largestBatch(EXAMPLES, limits as Parameters<typeof largestBatch>[1]);
    expect(of(limits)).toBe(104);
    expect(of({ ...limits, batchTokens: 80 })).toBe(80);
    expect(of({ ...limits, batchTokens: 50 })).toBe(64); // a longer example goes alone
  });
});
