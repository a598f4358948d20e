import { describe, expect, it } from 'vitest';
import { byLikelihood } from '../../../src/memory/likeliest.js';

const TEXTS: Record<string, string> = {
  tower: 'The tower is red.',
  bridge: 'The bridge is old.',
  ferry: 'The ferry is slow.',
};
const textOf = (id: string): string | undefined => (id === 'pair' ? undefined : (TEXTS[id] ?? id));

describe('byLikelihood', () => {
  it('puts first what the model would ask about, of what the gate holds for about as good', async () => {
    const asked: string[] = [];
    const score = (text: string, next: string): Promise<number> => {
      asked.push(next);
      return Promise.resolve(text.includes('bridge') ? -10 : -30);
    };
    const matches = [
      { id: 'tower', score: 0.9 },
      { id: 'bridge', score: 0.7 },
    ];
    const found = await byLikelihood(score, ' How old is it? ', matches, textOf);
    expect(found.map(({ id }) => id)).toEqual(['bridge', 'tower']);
    expect(found[0]).toEqual({ id: 'bridge', score: 0.7 });
    expect(asked).toEqual([' How old is it?', ' How old is it?']);
  });

  it('leaves the order of the gate where the model sees no difference', async () => {
    const matches = ['tower', 'bridge', 'ferry'].map((id, i) => ({ id, score: 0.9 - i / 10 }));
    expect(await byLikelihood(() => Promise.resolve(-20), 'Which?', matches, textOf)).toEqual(matches);
  });

  it('weighs a certain gate as much as the model, and looks at the best four', async () => {
    const matches = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, score: 1 }));
    const score = (text: string): Promise<number> => Promise.resolve(/[df]\n/.test(text) ? -1 : -9);
    const found = await byLikelihood(score, 'Which?', matches, textOf);
    expect(found.map(({ id }) => id).join('')).toBe('dabcef');
  });

  it('leaves questions with their answers to the gate', async () => {
    const matches = ['tower', 'pair', 'bridge'].map((id, i) => ({ id, score: 0.9 - i / 10 }));
    const never = (): Promise<number> => Promise.reject(new Error('asked'));
    expect(await byLikelihood(never, 'Which?', matches, textOf)).toEqual(matches);
  });

  it('ends with the signal', async () => {
    const score = (_text: string, _next: string, signal?: AbortSignal): Promise<number> =>
      signal?.aborted === true ? Promise.reject(new Error('cancelled')) : Promise.resolve(-1);
    const matches = ['a', 'b'].map((id) => ({ id, score: 1 }));
    await expect(byLikelihood(score, 'Which?', matches, textOf, AbortSignal.abort())).rejects.toThrow('cancelled');
  });
});
