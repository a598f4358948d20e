import { describe, expect, it } from 'vitest';
import { learn, RECIPE, type LearnInput } from '../../../src/memory/recipe.js';
import { FakeTrainer } from '../../fakes/trainer.js';

const lesson = (n: number) => ({
  prompt: Uint32Array.from([1, 2, n]),
  answerStart: 2,
  answer: Uint32Array.from([7, 8]),
});
const input: LearnInput = {
  lessons: [10, 11, 12, 13, 14, 15].map(lesson),
  contrasts: [20, 21].map(lesson),
  replay: [30, 31].map(lesson),
};

describe('learn', () => {
  it('stops when the lessons are learned, and has trained every one', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => 4 * 0.7 ** updates;
    const result = await learn(trainer, input);
    expect(result.steps).toBeGreaterThanOrEqual(RECIPE.minSteps);
    expect(result.steps).toBeLessThan(RECIPE.maxSteps);
    expect(result.lossAfter).toBeLessThan(result.lossBefore);
    const lastSeen = new Map<number, number>();
    trainer.backwards.forEach((batch, step) => {
      for (const { example } of batch) lastSeen.set(example, step);
    });
    for (let example = 0; example < input.lessons.length; example++) expect(lastSeen.has(example)).toBe(true);
  });
  it('gives up at the most steps when a lesson is never held', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = () => 5;
    expect((await learn(trainer, input, { maxSteps: 9 })).steps).toBe(9);
  });
  it('trains answers only, and holds the kept answers by KL only', async () => {
    const trainer = new FakeTrainer();
    await learn(trainer, input, { maxSteps: 1 });
    const [taught] = trainer.examples;
    const weights = Array.from(taught!.weights);
    expect(weights.slice(0, 3)).toEqual([0, 0, 0]);
    expect(weights.slice(3).every((weight) => weight >= 1)).toBe(true);
    const kept = trainer.examples[input.lessons.length]!;
    expect(Array.from(kept.weights)).toEqual([0, 0, 0, 0, 0]);
    expect(Array.from(kept.klWeights!)).toEqual([0, 0, 0, 1, 1]);
  });
  it('does not train what is given of an answer', async () => {
    const trainer = new FakeTrainer();
    await learn(
      trainer,
      { lessons: [{ ...lesson(10), answer: Uint32Array.from([5, 6, 7, 8]), given: 2 }] },
      { maxSteps: 1 },
    );
    const weights = Array.from(trainer.examples[0]!.weights);
    expect(weights.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(weights.slice(5).every((weight) => weight >= 1)).toBe(true);
  });
  it('puts lessons, a contrast and an everyday question into every step, going round', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = () => 5;
    await learn(trainer, input, { maxSteps: 4 });
    const kept = trainer.backwards.map((batch) =>
      batch.filter(({ klScale }) => klScale !== undefined).map(({ example }) => example),
    );
    expect(kept[0]).toHaveLength(RECIPE.contrastsPerStep + RECIPE.replayPerStep);
    expect(kept[0]).not.toEqual(kept[1]);
  });
  it("has the adapter work from the assistant's turn on", async () => {
    const trainer = new FakeTrainer();
    await learn(trainer, input, { maxSteps: 1 });
    for (const { adaptedFrom } of trainer.examples) expect(adaptedFrom).toBe(2);
  });
  it('teaches how a long answer begins in every lesson, and the whole of it once in a step', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = () => 5;
    const answer = Uint32Array.from({ length: 40 }, (_, i) => i);
    await learn(
      trainer,
      { lessons: [10, 11, 12].map((n) => ({ ...lesson(n), answer, full: n !== 12 })) },
      { maxSteps: 6 },
    );
    const lengths = trainer.examples.map(({ tokens }) => tokens.length - 3);
    expect(lengths.filter((length) => length === 40)).toHaveLength(3); // the full ones, and of the others the first
    expect(lengths.filter((length) => length === RECIPE.beginningTokens)).toHaveLength(3);
    for (const batch of trainer.backwards) {
      expect(batch.filter(({ example }) => lengths[example] === 40)).toHaveLength(1);
      expect(batch.length).toBeGreaterThan(1);
    }
  });
  it('can be cancelled, and tells the trainer', async () => {
    const trainer = new FakeTrainer();
    const controller = new AbortController();
    trainer.onPass = () => {
      controller.abort();
    };
    await expect(learn(trainer, input, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(trainer.cancelled).toBeGreaterThan(0);
  });
});
