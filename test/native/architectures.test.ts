// Every architecture that can be trained, in the program its adapters are made for: llama.cpp loads the tiny model, predicts
// what the trainer predicts, and with the trained adapter says what was learned. That the numbers are right at all is
// native/test/architecture_test.cpp's matter.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBaseModel } from '../../src/training/index.js';
import { probabilities, rowsOf, softmax, top, worstOf } from '../support/llama.js';
import { TINY } from './tiny.js';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'golden');
const tokens = Array.from({ length: 22 }, (_, i) => 5 + ((i * i * 7 + 3 * i) % 94));

let folder: string;
let llama: Llama;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'engram-architectures-'));
  llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
});
afterAll(async () => {
  await llama.dispose();
  rmSync(folder, { recursive: true });
});

describe('llama.cpp with an adapter', () => {
  // ggml looks GELU up in a table of F16, so the Gemmas agree to fewer digits.
  it.each([
    ['biased', 1e-5],
    ['mistral3', 1e-5],
    ['smollm3', 1e-5],
    ['qwen2', 1e-5],
    ['qwen3', 1e-5],
    ['gemma2', 1e-3],
    ['gemma3', 1e-3],
    ['phi3', 1e-5],
  ])('predicts what the trainer predicts, and says what it learned (%s)', async (name, tolerance) => {
    const path = join(GOLDEN, `tiny-${name}.gguf`);
    const file = join(folder, `${name}.gguf`);
    const base = await openBaseModel(path, { precision: 'f32', threads: 1 });
    const trainer = base.newTrainer({ rank: 4, seed: 1 }, { learningRate: 1e-2 });
    base.close();
    trainer.add({ tokens, weights: tokens.map(() => 1) });
    const untouched = rowsOf(await trainer.logits(tokens), tokens.length).map(softmax);
    for (let step = 0; step < 150; step++) {
      await trainer.backward([{ example: 0, scale: 1 / tokens.length }]);
      await trainer.update();
    }
    await trainer.save(file);
    const trained = rowsOf(await trainer.logits(tokens), tokens.length).map(softmax);
    trainer.close();

    const model = await llama.loadModel({ modelPath: path });
    const theirs = await probabilities(model, tokens);
    const theirsTrained = await probabilities(model, tokens, file);
    await model.dispose();
    expect(worstOf(untouched, theirs)).toBeLessThan(tolerance);
    expect(worstOf(trained, theirsTrained)).toBeLessThan(tolerance);
    const learned = (rows: readonly Float64Array[]): number =>
      rows.filter((row, i) => top(row) === tokens[i + 1]).length / (tokens.length - 1);
    expect(learned(theirs)).toBeLessThan(0.3);
    expect(learned(theirsTrained)).toBe(1);
  });
});

describe('an architecture that cannot be trained', () => {
  it('is refused by name, with those that can', async () => {
    const bytes = readFileSync(TINY);
    bytes.write('mamba', bytes.indexOf('llama')); // the value of general.architecture
    const path = join(folder, 'mamba.gguf');
    writeFileSync(path, bytes);
    await expect(openBaseModel(path)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('mamba') as string,
      hint: 'These can: llama, mistral3, smollm3, qwen2, qwen3, gemma2, gemma3, phi3.',
    });
  });
});
