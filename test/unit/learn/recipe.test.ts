import { describe, expect, it } from 'vitest';
import { learn, RECIPE } from '../../../src/learn/recipe.js';
import { FakeTrainer } from '../../fakes/trainer.js';

const lesson = (n: number) => ({
  prompt: Uint32Array.from([1, 2, n]),
  answerStart: 2,
  answer: Uint32Array.from([7, 8]),
});
const lessons = [10, 11, 12, 13, 14, 15].map(lesson);

describe('learn', () => {
  it('stops when the lessons are learned, and has trained every one', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = (updates) => 4 * 0.7 ** updates;
    const result = await learn(trainer, lessons);
    expect(result.steps).toBeGreaterThanOrEqual(RECIPE.minSteps);
    expect(result.steps).toBeLessThan(RECIPE.maxSteps);
    expect(result.lossAfter).toBeLessThan(result.lossBefore);
    const lastSeen = new Map<number, number>();
    trainer.backwards.forEach((batch, step) => {
      for (const { example } of batch) lastSeen.set(example, step);
    });
    for (let example = 0; example < lessons.length; example++) expect(lastSeen.has(example)).toBe(true);
  });
  it('gives up at the most steps when a lesson is never held', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = () => 5;
    expect((await learn(trainer, lessons, { maxSteps: 9 })).steps).toBe(9);
  });
  it('goes on until the lessons are held as surely as it is asked for', async () => {
    const stepsBelow = async (lossBelow: number): Promise<number> => {
      const trainer = new FakeTrainer();
      trainer.lossAt = (updates) => 4 * 0.8 ** updates;
      return (await learn(trainer, lessons, { lossBelow })).steps;
    };
    expect(await stepsBelow(0.1)).toBeGreaterThan(await stepsBelow(0.3));
  });
  it('trains answers only, where they begin the most', async () => {
    const trainer = new FakeTrainer();
    const answer = Uint32Array.from([5, 6, 7, 8]);
    await learn(trainer, [{ ...lesson(10), answer }], { maxSteps: 1 });
    const [{ tokens, weights }] = trainer.examples as [(typeof trainer.examples)[number]];
    expect(Array.from(tokens)).toEqual([1, 2, 10, 5, 6, 7, 8]);
    const { openingWeight } = RECIPE;
    expect(Array.from(weights)).toEqual([0, 0, 0, openingWeight, openingWeight, 1, 1]);
  });
  it("has the adapter work from the assistant's turn on", async () => {
    const trainer = new FakeTrainer();
    await learn(trainer, lessons, { maxSteps: 1 });
    for (const { adaptedFrom } of trainer.examples) expect(adaptedFrom).toBe(2);
  });
  it('teaches how a long answer begins in every lesson, and the whole of it once in a step', async () => {
    const trainer = new FakeTrainer();
    trainer.lossAt = () => 5;
    const answer = Uint32Array.from({ length: 40 }, (_, i) => i);
    await learn(
      trainer,
      [10, 11, 12].map((n) => ({ ...lesson(n), answer, full: n !== 12 })),
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
    await expect(learn(trainer, lessons, { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(trainer.cancelled).toBeGreaterThan(0);
  });
});
