// Ten AdamW steps on SmolLM2 itself against PEFT's (scripts/golden/smollm2.py): the same weights, tokens and initial A, so
// the same losses and gradient norms. In f32, the precision in which nothing but the order of sums differs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSettings } from '../../src/cli/options.js';
import { defaultEntry, resolveModel } from '../../src/models/index.js';
import { openBaseModel, type BaseModel, type Trainer } from '../../src/training/index.js';

interface Sequence {
  tokens: number[];
  /** 1 where a token is part of the answer. */
  learned: number[];
  /** The token the base model ranks first after each one. */
  baseTop: number[];
}
interface Golden {
  lora: { rank: number; alpha: number; seed: number };
  optimizer: { kind: 'adamw'; learningRate: number; weightDecay: number; maxGradNorm: number };
  learn: Sequence;
  keep: Sequence;
  steps: { sumLoss: number; sumKl: number; gradNorm: number }[];
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'golden', 'smollm2.golden.json'), 'utf8'),
) as Golden;

let base: BaseModel;
let trainer: Trainer;
beforeAll(async () => {
  const { path } = await resolveModel(readSettings().home, defaultEntry('chat').name);
  base = await openBaseModel(path, { precision: 'f32' });
  trainer = base.newTrainer(golden.lora, golden.optimizer);
});
afterAll(() => {
  trainer.close();
  base.close();
});

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

it('predicts what the base model predicts in PyTorch', async () => {
  for (const { tokens, baseTop } of [golden.learn, golden.keep]) {
    const logits = await trainer.logits(tokens);
    const size = logits.length / tokens.length;
    const top = tokens.map((_, i) => {
      const row = logits.subarray(i * size, (i + 1) * size);
      return row.indexOf(Math.max(...row));
    });
    expect(top).toEqual(baseTop);
  }
});

it('follows the loss curve of PEFT', async () => {
  const { learn, keep, steps } = golden;
  const none = learn.tokens.map(() => 0);
  trainer.add({ tokens: learn.tokens, weights: learn.learned });
  trainer.add({ tokens: keep.tokens, weights: none.slice(0, keep.tokens.length), klWeights: keep.learned });
  const batch = [
    { example: 0, scale: 1 / sum(learn.learned) },
    { example: 1, klScale: 1 / sum(keep.learned) },
  ];
  for (const [step, expected] of steps.entries()) {
    const { examples } = await trainer.backward(batch);
    const { gradNorm } = await trainer.update(step === steps.length - 1 ? 0 : undefined);
    const got = { sumLoss: examples[0]!.sumLoss, sumKl: examples[1]!.sumKl, gradNorm };
    expect(Math.abs(got.sumLoss / expected.sumLoss - 1), `loss of step ${step}`).toBeLessThan(3e-4);
    expect(Math.abs(got.gradNorm / expected.gradNorm - 1), `gradient of step ${step}`).toBeLessThan(3e-4);
    expect(Math.abs(got.sumKl - expected.sumKl), `KL of step ${step}`).toBeLessThan(3e-5);
  }
});
