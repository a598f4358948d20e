import { describe, expect, it } from 'vitest';
import { ranksOf } from '../../../src/training/rank-pattern.js';

const adapted = { rank: 8, targets: ['q', 'v', 'down'] as const, firstLayer: 1, lastLayer: 3 };
const named = (pattern: Record<string, number>): string[] =>
  ranksOf(pattern, adapted).map(({ layer, target, rank }) => `${layer}.${target}=${rank}`);

describe('ranksOf', () => {
  it.each([
    [{}, []],
    [{ v: 4 }, ['1.v=4', '2.v=4', '3.v=4']],
    [{ '2.down': 16 }, ['2.down=16']],
    [{ '0-2.q': 0 }, ['1.q=0', '2.q=0']],
    [{ '3.*': 1 }, ['3.q=1', '3.v=1', '3.down=1']],
    [{ v: 4, '2.v': 8, '3.*': 2 }, ['1.v=4', '3.v=2', '3.q=2', '3.down=2']],
  ])('reads %j', (pattern, expected) => {
    expect(named(pattern as Record<string, number>)).toEqual(expected);
  });

  it.each([{ k: 4 }, { '0.v': 4 }, { '4-9.*': 4 }, { 'x.v': 4 }, { '3': 4 }, { attn_q: 4 }, { v: 1.5 }, { v: 2000 }])(
    'refuses %j',
    (pattern) => {
      expect(() => named(pattern as Record<string, number>)).toThrow(
        expect.objectContaining({ name: 'EngramError', code: 'usage' }),
      );
    },
  );
});
