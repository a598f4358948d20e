// When the model is freed and loaded again, with the fake in its place.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EngramError } from '../../../src/errors.js';
import { IdleGenerator, type IdleParts } from '../../../src/inference/idle.js';
import { FakeGenerator } from '../../fakes/generator.js';

const IDLE = 60_000;
const QUESTION = [{ role: 'user' as const, content: 'Hi' }];
let loads: number;
let fails: boolean;
let generator: IdleGenerator;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  [loads, fails] = [0, false];
  const load = (): Promise<FakeGenerator> => {
    loads++;
    return fails ? Promise.reject(new EngramError('not_found', 'gone')) : Promise.resolve(new FakeGenerator());
  };
  const vocabulary = { tokenize: () => [1, 2] } as unknown as IdleParts['vocabulary'];
  const vocabularyModel = { close: () => undefined } as unknown as IdleParts['vocabularyModel'];
  generator = new IdleGenerator({ generator: new FakeGenerator(), load, vocabulary, vocabularyModel, idleMs: IDLE });
});
afterEach(async () => {
  await generator.close();
  vi.useRealTimers();
});

describe('a model that is not used', () => {
  it('has been freed when it is closed, also where that had begun before', async () => {
    let isFreed = false;
    vi.spyOn(FakeGenerator.prototype, 'close').mockImplementation(async () => {
      await new Promise(setImmediate);
      isFreed = true;
    });
    vi.advanceTimersByTime(IDLE);
    await generator.close();
    expect(isFreed).toBe(true);
    vi.restoreAllMocks();
  });

  it('is freed after its time, and loaded again once for all who ask', async () => {
    expect((await generator.chat(QUESTION)).text).not.toBe('');
    vi.advanceTimersByTime(IDLE - 1);
    expect(generator.isLoaded).toBe(true);
    vi.advanceTimersByTime(1);
    expect(generator.isLoaded).toBe(false);
    expect(generator.encode('still works')).toHaveLength(2);
    await Promise.all([generator.chat(QUESTION), generator.chat(QUESTION), generator.embed(['x'])]);
    expect(loads).toBe(1);
    expect(generator.isLoaded).toBe(true);
  });

  it('is not freed while it answers, and its time begins anew afterwards', async () => {
    const running = generator.chat(QUESTION, {
      onText: () => {
        vi.advanceTimersByTime(IDLE / 2);
      },
    });
    expect((await running).finishReason).toBe('stop');
    expect(generator.isLoaded).toBe(true);
    vi.advanceTimersByTime(IDLE);
    expect(generator.isLoaded).toBe(false);
  });

  it('that cannot be loaded again says so, and the next call tries again', async () => {
    vi.advanceTimersByTime(IDLE);
    fails = true;
    await expect(generator.chat(QUESTION)).rejects.toMatchObject({ code: 'not_found' });
    fails = false;
    expect((await generator.chat(QUESTION)).text).not.toBe('');
    expect(loads).toBe(2);
  });

  it('is closed for good, loaded or not', async () => {
    vi.advanceTimersByTime(IDLE);
    await generator.close();
    await expect(generator.chat(QUESTION)).rejects.toMatchObject({ code: 'usage' });
    expect(() => generator.encode('x')).toThrow(/closed/);
    expect(loads).toBe(0);
  });
});
