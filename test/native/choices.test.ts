// Trainer.choices() over the real addon: what it says beside evaluate() and logits(), in any company, and what it refuses.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BaseModel, Sequence, Trainer } from '../../src/training/types.js';
import { openTiny, sequence, TINY_ADAPTER } from './tiny.js';

const LABELS = [17, 3, 90];

let base: BaseModel;
beforeAll(async () => {
  base = await openTiny();
});
afterAll(() => {
  base.close();
});

/** Tokens as sequence() makes them. */
const prompt = (length: number, start: number, adaptedFrom?: number): Sequence => ({
  tokens: sequence(length, start).tokens,
  ...(adaptedFrom !== undefined && { adaptedFrom }),
});

const PROMPTS = [prompt(60, 1, 40), prompt(60, 2, 40), prompt(1, 3), prompt(30, 1), prompt(2, 9, 1)];

const withAdapter = async <T>(use: (trainer: Trainer) => Promise<T>): Promise<T> => {
  const trainer = base.newTrainer({ rank: 4, alpha: 8 });
  try {
    await trainer.load(TINY_ADAPTER);
    return await use(trainer);
  } finally {
    trainer.close();
  }
};

/** Minus the losses of the labels as the token after a prompt. */
async function expectedAfter(trainer: Trainer, { tokens, adaptedFrom = 0 }: Sequence): Promise<number[]> {
  const examples = LABELS.map((label) => {
    const weights = [...Array.from(tokens, () => 0), 1];
    return trainer.add({ tokens: [...Array.from(tokens), label], weights, adaptedFrom });
  });
  const { examples: losses } = await trainer.evaluate(examples.map((example) => ({ example })));
  return losses.map((loss) => -loss.sumLoss);
}

describe('the choices after a sequence', () => {
  it('are what evaluate() says of each as the next token', () =>
    withAdapter(async (trainer) => {
      const found = await trainer.choices(PROMPTS, LABELS);
      expect(found).toHaveLength(PROMPTS.length);
      for (const [i, one] of PROMPTS.entries()) {
        const expected = await expectedAfter(trainer, one);
        expect(found[i]).toBeInstanceOf(Float32Array);
        expect(found[i]).toHaveLength(LABELS.length);
        for (const [j, value] of expected.entries()) expect(found[i]![j]).toBeCloseTo(value, 4);
      }
    }));

  it('are the log-softmax of the last logits, and all of them together are certain', () =>
    withAdapter(async (trainer) => {
      const vocabulary = base.info.vocabularySize;
      const everything = Array.from({ length: vocabulary }, (_, token) => token);
      const { tokens } = prompt(20, 5);
      const [found] = await trainer.choices([{ tokens }], everything);
      const last = (await trainer.logits(tokens)).slice(-vocabulary);
      const sum = last.reduce((total, logit) => total + Math.exp(logit), 0);
      for (const token of everything) expect(found![token]).toBeCloseTo(last[token]! - Math.log(sum), 4);
      expect(found!.reduce((total, value) => total + Math.exp(value), 0)).toBeCloseTo(1, 4);
    }));

  it('do not depend on what else is asked, or was', () =>
    withAdapter(async (trainer) => {
      const together = await trainer.choices(PROMPTS, LABELS);
      expect(await trainer.choices([...PROMPTS].reverse(), LABELS)).toEqual([...together].reverse());
      for (const [i, one] of PROMPTS.entries()) {
        expect(await withAdapter((other) => other.choices([one], LABELS))).toEqual([together[i]]);
      }
    }));

  it('take the adapter as it is, from adaptedFrom on', () =>
    withAdapter(async (trainer) => {
      const plain = base.newTrainer({ rank: 4, alpha: 8 });
      const [unadapted] = await plain.choices([prompt(60, 1)], LABELS);
      plain.close();
      const found = await trainer.choices(
        [0, 40, 59].map((from) => prompt(60, 1, from)),
        LABELS,
      );
      const all = [unadapted!, ...found].map((values) => values[0]);
      expect(new Set(all).size).toBe(4);
    }));

  it('take typed arrays and plain ones, and keep no example', () =>
    withAdapter(async (trainer) => {
      const tokens = [1, 2, 3];
      const found = await trainer.choices(
        [{ tokens }, { tokens: Uint32Array.from(tokens) }, { tokens: Int32Array.from(tokens), adaptedFrom: 0 }],
        LABELS,
      );
      expect(found[1]).toEqual(found[0]);
      expect(found[2]).toEqual(found[0]);
      expect(await trainer.choices([], LABELS)).toEqual([]);
      expect(trainer.add(sequence(4))).toBe(0);
    }));
});

describe('a call for choices', () => {
  it('ends when cancelled, and the trainer goes on', () =>
    withAdapter(async (trainer) => {
      const before = await trainer.choices(PROMPTS, LABELS);
      const many = Array.from({ length: 2000 }, (_, i) => prompt(250, i, i % 2 === 0 ? 0 : 200));
      const running = trainer.choices(many, LABELS);
      const waiting = trainer.choices(PROMPTS, LABELS);
      setTimeout(() => {
        trainer.cancel();
      }, 50);
      await expect(running).rejects.toMatchObject({ name: 'AbortError', code: 'cancelled' });
      expect(await waiting).toEqual(before);
    }));

  it('ends when the trainer is closed', async () => {
    const trainer = base.newTrainer();
    const running = trainer.choices(
      Array.from({ length: 2000 }, (_, i) => prompt(250, i)),
      LABELS,
    );
    trainer.close();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await expect(trainer.choices(PROMPTS, LABELS)).rejects.toMatchObject({ code: 'usage' });
  });

  it.each<[string, readonly Sequence[], readonly number[], string]>([
    ['a sequence of nothing', [{ tokens: [1] }, { tokens: [] }], LABELS, 'empty'],
    ['no choices', [{ tokens: [1] }], [], 'empty'],
    ['a sequence that is too long', [prompt(257, 0)], LABELS, 'too_long'],
    ['a token outside the vocabulary', [{ tokens: [128] }], LABELS, 'usage'],
    ['half a token', [{ tokens: [1.5] }], LABELS, 'usage'],
    ['a choice outside the vocabulary', [{ tokens: [1] }], [128], 'usage'],
    ['a negative choice', [{ tokens: [1] }], [-1], 'usage'],
    ['a sequence without an adapted token', [{ tokens: [1, 2], adaptedFrom: 2 }], LABELS, 'usage'],
    ['a negative adaptedFrom', [{ tokens: [1, 2], adaptedFrom: -1 }], LABELS, 'usage'],
    ['half an adaptedFrom', [{ tokens: [1, 2], adaptedFrom: 0.5 }], LABELS, 'usage'],
  ])('refuses %s', (_, sequences, choices, code) =>
    withAdapter(async (trainer) => {
      await expect(trainer.choices(sequences, choices)).rejects.toMatchObject({ name: 'EngramError', code });
    }),
  );
});
