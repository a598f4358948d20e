// Adapters of other kinds and what is made of adapters, in the program they are made for: llama.cpp gives the trainer's own
// predictions with rsLoRA and a rank for each matrix, with a merged adapter, and with a model that adapters were fused into.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getLlama, LlamaLogLevel, type Llama } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../src/cli/options.js';
import { sha256File } from '../../src/files.js';
import { defaultEntry, resolveModel } from '../../src/models/index.js';
import { AdapterStore, openBaseModel, trainAdapter, type LoraOptions } from '../../src/training/index.js';
import { greedy, probabilities, rowsOf, share, softmax, TEXT, top } from '../support/llama.js';

const TINY = join(import.meta.dirname, '..', 'fixtures', 'golden', 'tiny-tied.gguf');
const BUILD = join(import.meta.dirname, '..', '..', 'build', 'test');

let folder: string;
let llama: Llama;
let store: AdapterStore;
beforeAll(async () => {
  // A third of a gigabyte: more than the folder for temporary files may hold.
  mkdirSync(BUILD, { recursive: true });
  folder = mkdtempSync(join(BUILD, 'kinds-'));
  store = new AdapterStore(folder);
  llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error });
});
afterAll(async () => {
  await llama.dispose();
  rmSync(folder, { recursive: true });
});

/** The largest difference of two tables of probabilities. */
function furthest(ours: readonly Float64Array[], theirs: readonly Float64Array[]): number {
  let worst = 0;
  for (const [i, row] of ours.entries()) {
    for (const [token, p] of row.entries()) worst = Math.max(worst, Math.abs(p - theirs[i]![token]!));
  }
  return worst;
}

describe('on a tiny model', () => {
  const tokens = Array.from({ length: 40 }, (_, i) => 4 + ((i * i * 7 + i) % 90));
  const kinds: Record<string, LoraOptions> = {
    rslora: { kind: 'rslora', rank: 12 },
    ranks: { rank: 4, rankPattern: { v: 9, '0-1.down': 1, '1.q': 0, '2.*': 2 } },
    both: { kind: 'rslora', rank: 4, rankPattern: { v: 9, '0-1.down': 1, '1.q': 0 } },
  };

  /** The trainer's probabilities with the adapter that it trains and stores. */
  async function train(name: string, lora: LoraOptions, reversed = false): Promise<Float64Array[]> {
    const base = await openBaseModel(TINY, { precision: 'f32' });
    const learned = reversed ? tokens.toReversed() : tokens;
    await trainAdapter(base, [{ tokens: learned, weights: learned.map(() => 1 / learned.length) }], {
      ...{ store, name, baseName: 'tiny', baseSha256: await sha256File(TINY), lora, epochs: 20 },
      optimizer: { learningRate: 1e-2, rateB: 4 },
    });
    const trainer = base.newTrainer(lora);
    base.close();
    await trainer.load((await store.find(name)).path);
    const rows = rowsOf(await trainer.logits(tokens), tokens.length).map(softmax);
    trainer.close();
    return rows;
  }

  it.each(Object.keys(kinds))('llama.cpp has the probabilities of the trainer (%s)', async (name) => {
    const ours = await train(name, kinds[name]!);
    const model = await llama.loadModel({ modelPath: TINY });
    expect(furthest(ours, await probabilities(model, tokens, (await store.find(name)).path))).toBeLessThan(1e-5);
    expect(furthest(ours, await probabilities(model, tokens))).toBeGreaterThan(0.5);
    await model.dispose();
  });

  it('a merged adapter and a fused model say what the adapters say together', async () => {
    await train('one', kinds['both']!);
    await train('two', kinds['ranks']!, true);
    const parts = [
      { name: 'one', weight: 0.6 },
      { name: 'two', weight: 0.4 },
    ];
    const { adapter } = await store.merge(parts, { name: 'merged' });
    const fused = await store.fuse(parts, { model: TINY, output: join(folder, 'tiny.gguf'), type: 'f32' });
    const model = await llama.loadModel({ modelPath: TINY });
    const fusedModel = await llama.loadModel({ modelPath: fused.path });
    const merged = await probabilities(model, tokens, adapter.path);
    expect(furthest(merged, await probabilities(fusedModel, tokens))).toBeLessThan(1e-5);
    expect(furthest(merged, await probabilities(model, tokens))).toBeGreaterThan(0.1);
    await fusedModel.dispose();
    await model.dispose();
  });
});

describe('on SmolLM2', () => {
  it('a fused model answers as the model with its adapter', async () => {
    const { path } = await resolveModel(readSettings().home, defaultEntry('chat').name);
    const model = await llama.loadModel({ modelPath: path });
    const learned = [...model.tokenize('Zara Tubikova lives in a lighthouse near Porto with her two grey cats.')];
    const text = [...model.tokenize(TEXT)].slice(0, 64);
    const lora = { kind: 'rslora', rank: 4, rankPattern: { v: 8, '0-9.gate': 0 } } as const;
    const base = await openBaseModel(path, { precision: 'f16' }); // int8 rounds what it multiplies
    const { adapter } = await trainAdapter(
      base,
      [{ tokens: learned, weights: learned.map(() => 1 / learned.length) }],
      {
        ...{ store, name: 'zara', baseName: 'smollm2', baseSha256: await sha256File(path), epochs: 8, lora },
        optimizer: { learningRate: 1e-3 },
      },
    );
    const trainer = base.newTrainer(lora);
    base.close();
    await trainer.load(adapter.path);
    const ours = rowsOf(await trainer.logits(text), text.length).map(top);
    trainer.close();

    // With the adapter, and not without it, llama.cpp goes on as was learned.
    const end = learned.slice(6);
    const said = (all: readonly number[]): readonly number[] => all.slice(5, -1);
    expect(said(await greedy(model, learned, adapter.path))).toEqual(end);
    expect(said(await greedy(model, learned))).not.toEqual(end);
    await model.dispose();

    // And so does the fused model without it. On other text it is nearer to the trainer, whose weights it has but for their
    // rounding, than llama.cpp's Q4_1 is, which rounds activations to 8 bits, as Q8_0 does.
    for (const [type, least] of [
      ['f16', 0.95],
      ['q8_0', 0.9],
    ] as const) {
      const fused = await store.fuse([{ name: 'zara' }], { model: path, output: join(folder, `${type}.gguf`), type });
      expect(fused.tensors).toBe(200);
      const whole = await llama.loadModel({ modelPath: fused.path });
      expect(said(await greedy(whole, learned))).toEqual(end);
      expect(share(await greedy(whole, text), ours)).toBeGreaterThanOrEqual(least);
      await whole.dispose();
      rmSync(fused.path);
    }
  });
});
