// The adapter that the trainer saves, in the program it is made for: llama.cpp gives the trainer's own predictions with it,
// on a tiny F32 model to the last digits and on SmolLM2 for at least 99 of 100 positions of a real text. PEFT's side, which
// needs Python, is in scripts/golden/check_peft.py and test/unit/training/peft.test.ts.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/cli/options.js';
import { defaultEntry, resolveModel } from '../../src/models/index.js';
import { openBaseModel } from '../../src/training/index.js';
import { greedy, probabilities, rowsOf, share, softmax, TEXT, top, worstOf } from '../support/llama.js';
import { writeDequantised } from './dequantised.js';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'golden');
const BUILD = join(import.meta.dirname, '..', '..', 'build', 'test');

let folder: string;
let llama: Llama;
beforeAll(async () => {
  // Half a gigabyte: more than the folder for temporary files may hold.
  mkdirSync(BUILD, { recursive: true });
  folder = mkdtempSync(join(BUILD, 'formats-'));
  llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
});
afterAll(async () => {
  await llama.dispose();
  rmSync(folder, { recursive: true });
});

describe('an adapter in llama.cpp', () => {
  // ggml rounds what it multiplies with F16 weights to F16, so tiny-untied agrees to fewer digits.
  it.each([
    ['tiny-tied', 1e-5],
    ['tiny-untied', 1e-2],
  ])('gives the probabilities that the trainer has (%s)', async (name, tolerance) => {
    const path = join(GOLDEN, `${name}.gguf`);
    const tokens = Array.from({ length: 40 }, (_, i) => 4 + ((i * i * 7 + i) % 90));
    const base = await openBaseModel(path, { precision: 'f32' });
    const trainer = base.newTrainer({ rank: 4 }, { learningRate: 1e-2 });
    base.close();
    const file = join(folder, `${name}.adapter.gguf`);
    const model = await llama.loadModel({ modelPath: path });
    trainer.add({ tokens, weights: tokens.map(() => 1) });

    const untouched = rowsOf(await trainer.logits(tokens), tokens.length).map(softmax);
    for (let step = 0; step < 20; step++) {
      await trainer.backward([{ example: 0 }]);
      await trainer.update();
    }
    await trainer.save(file);
    const trained = rowsOf(await trainer.logits(tokens), tokens.length).map(softmax);
    trainer.close();

    for (const [ours, theirs] of [
      [untouched, await probabilities(model, tokens)],
      [trained, await probabilities(model, tokens, file)],
    ] as const) {
      expect(worstOf(ours, theirs)).toBeLessThan(tolerance);
    }
    const moved = Math.max(
      ...trained.map((row, i) => Math.abs(row[tokens[i + 1] ?? 0]! - untouched[i]![tokens[i + 1] ?? 0]!)),
    );
    expect(moved).toBeGreaterThan(0.5);
    await model.dispose();
  });

  // ggml rounds activations to 8 bits before it multiplies them with Q4_1 weights, so that two settings of llama.cpp itself
  // agree on 95 of 100 positions of this text; with the same weights as F32 nothing but the order of sums differs.
  it('predicts the same tokens of a real text on SmolLM2', async () => {
    const { path } = await resolveModel(readSettings().home, defaultEntry('chat').name);
    const quantised = await llama.loadModel({ modelPath: path });
    const learned = [...quantised.tokenize('Zara Tubikova lives in a lighthouse near Porto with her two grey cats.')];
    const text = [...quantised.tokenize(TEXT)];
    const base = await openBaseModel(path, { precision: 'f16' }); // int8 rounds what it multiplies
    const trainer = base.newTrainer({ rank: 8 }, { learningRate: 5e-4 });
    base.close();
    trainer.add({ tokens: learned, weights: learned.map(() => 1 / learned.length) });
    for (let step = 0; step < 10; step++) {
      await trainer.backward([{ example: 0 }]);
      await trainer.update();
    }
    const file = join(folder, 'smollm2.adapter.gguf');
    await trainer.save(file);
    const ours = rowsOf(await trainer.logits(text), text.length).map(top);
    const recited = rowsOf(await trainer.logits(learned), learned.length).map(top);
    trainer.close();

    expect(text.length).toBeGreaterThan(300);
    expect(share(ours, await greedy(quantised, text, file))).toBeGreaterThanOrEqual(0.94);
    // With the adapter, and not without it, llama.cpp goes on as was learned.
    const end = learned.slice(6);
    const said = (all: readonly number[]): readonly number[] => all.slice(5, -1);
    expect(said(recited)).toEqual(end);
    expect(said(await greedy(quantised, learned, file))).toEqual(end);
    expect(said(await greedy(quantised, learned))).not.toEqual(end);
    await quantised.dispose();

    const exact = join(folder, 'smollm2.f32.gguf');
    writeDequantised(path, exact);
    const model = await llama.loadModel({ modelPath: exact });
    expect(share(ours, await greedy(model, text, file))).toBeGreaterThanOrEqual(0.99);
    await model.dispose();
  });
});
