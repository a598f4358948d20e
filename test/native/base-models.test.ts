// The weights that one Engram keeps for training: shared by its calls, and gone with it.
import { describe, expect, it } from 'vitest';
import { BaseModels } from '../../src/runtime/base-models.js';
import { openBaseModel } from '../../src/training/index.js';
import { TINY } from './tiny.js';

/** Whether the weights are loaded anew, hence were freed. */
async function areGone(): Promise<boolean> {
  let loads = 0;
  const base = await openBaseModel(TINY, { precision: 'f32', threads: 2, onProgress: () => loads++ });
  base.close();
  return loads > 0;
}

describe('BaseModels', () => {
  it('opens the weights once for all calls, those that overlap too', async () => {
    const models = new BaseModels(TINY, 2);
    const [first, second] = await Promise.all([models.open(undefined, 'f32'), models.open(undefined, 'f32')]);
    expect(second).toBe(first);
    expect(await models.open(undefined, 'f32')).toBe(first);
    expect(await areGone()).toBe(false);
    models.close();
    expect(await areGone()).toBe(true);
  });

  it('keeps those of each precision', async () => {
    const models = new BaseModels(TINY, 2);
    for (const precision of ['f32', 'f16'] as const) {
      expect((await models.open(undefined, precision)).info.precision).toBe(precision);
    }
    models.close();
  });

  it('gives up what is loading when it is closed, and nothing stays', async () => {
    const models = new BaseModels(TINY, 2);
    const opening = models.open(undefined, 'f32');
    models.close();
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    await expect(models.open(undefined, 'f32')).rejects.toMatchObject({ code: 'cancelled' });
    expect(await areGone()).toBe(true);
  });

  it('is cancelled for one call and not for the others', async () => {
    const models = new BaseModels(TINY, 2);
    const cancelled = new AbortController();
    const one = models.open(cancelled.signal, 'f32');
    const other = models.open(undefined, 'f32');
    cancelled.abort();
    await expect(one).rejects.toMatchObject({ code: 'cancelled' });
    expect((await other).info.precision).toBe('f32');
    models.close();
    expect(await areGone()).toBe(true);
  });
});
