import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { memorizeEach } from '../../../src/learn/batch.js';
import { newReceipt } from '../../fakes/results.js';

describe('memorizeEach', () => {
  it('keeps what holds and reports what does not', async () => {
    const report = await memorizeEach(
      (input) => {
        if (input === 'long') return Promise.reject(new EngramError('too_long', 'Too long.'));
        return Promise.resolve(
          newReceipt('m-1', { committed: input === 'good', ...(input === 'known' ? { knownBy: [] } : {}) }),
        );
      },
      ['good', 'bad', 'known', 'long'],
    );
    expect(report).toMatchObject({ committed: 1, known: 1, failed: 2 });
    expect(report.memories.map(({ input, error }) => [input, error?.code])).toEqual([
      ['good', undefined],
      ['bad', undefined],
      ['known', undefined],
      ['long', 'too_long'],
    ]);
  });
  it('stops at what would stop every memory, and says what was done', async () => {
    const controller = new AbortController();
    const tried: unknown[] = [];
    const running = memorizeEach(
      (input) => {
        tried.push(input);
        controller.abort();
        return Promise.resolve(newReceipt('m-1'));
      },
      ['a', 'b'],
      { signal: controller.signal },
    );
    await expect(running).rejects.toMatchObject({ code: 'cancelled', details: { report: { committed: 1 } } });
    expect(tried).toEqual(['a']);
  });
});
