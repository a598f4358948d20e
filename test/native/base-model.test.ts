// Opening base models: shared weights, cancelling, files that cannot be trained.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openResident } from '../../src/training/base-model.js';
import { cpuInfo, measurePeak, openBaseModel } from '../../src/training/index.js';
import { sequence, TINY, TINY_ADAPTER, TINY_QUANTISED } from './tiny.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'engram-base-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const copy = (name: string, change: (bytes: Buffer) => Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, change(readFileSync(TINY)));
  return path;
};

describe('openBaseModel', () => {
  it('says what it opened', async () => {
    const base = await openBaseModel(TINY, { precision: 'f32' });
    expect(base.info).toMatchObject({
      path: TINY,
      architecture: 'llama',
      layers: 3,
      hiddenSize: 48,
      heads: 6,
      keyValueHeads: 2,
      vocabularySize: 128,
      contextLength: 256,
      precision: 'f32',
    });
    expect(base.info.residentBytes).toBeGreaterThan(4 * base.info.parameters - 1);
    base.close();
  });

  it.each(['f32', 'f16', 'bf16', 'int8'] as const)('holds the weights as %s', async (precision) => {
    const base = await openBaseModel(TINY_QUANTISED, { precision });
    expect(base.info.precision).toBe(precision);
    const trainer = base.newTrainer();
    trainer.add(sequence(16));
    expect((await trainer.evaluate([{ example: 0 }])).examples[0]!.sumLoss).toBeGreaterThan(0);
    trainer.close();
    base.close();
  });

  it('shares the weights among all who open them, until the last has closed', async () => {
    const loads: number[] = [];
    const open = (): ReturnType<typeof openBaseModel> =>
      openBaseModel(TINY, { precision: 'f32', onProgress: (share) => loads.push(share) });
    const [first, second] = await Promise.all([open(), open()]);
    const reports = loads.length;
    first.close();
    const trainer = second.newTrainer();
    second.close();
    const third = await open();
    expect(loads).toHaveLength(reports);
    third.close();
    trainer.add(sequence(8));
    await trainer.backward([{ example: 0 }]);
    trainer.close();
    const fourth = await open();
    expect(loads.length).toBeGreaterThan(reports);
    expect(() => first.newTrainer()).toThrow(expect.objectContaining({ code: 'usage' }));
    fourth.close();
  });

  it('are given back once by each, however often it says so', async () => {
    const { native, leave } = await openResident(TINY, { precision: 'f32' });
    const base = await openBaseModel(TINY, { precision: 'f32' });
    leave();
    leave();
    await new Promise(setImmediate); // what frees them runs later
    expect(native.info.layers).toBe(3); // closed, it would throw
    base.close();
  });

  it('reports progress up to the whole', async () => {
    const shares: number[] = [];
    const base = await openBaseModel(TINY, { onProgress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBeGreaterThan(0);
    expect(shares.every((share, i) => share >= (shares[i - 1] ?? 0) && share <= 1)).toBe(true);
    base.close();
  });

  it('can be cancelled by one and go on for another', async () => {
    const abort = new AbortController();
    const path = copy('cancel.gguf', (bytes) => bytes);
    const given = openBaseModel(path, { signal: abort.signal });
    const kept = openBaseModel(path);
    setImmediate(() => {
      abort.abort();
    });
    await given.then(
      (base) => {
        base.close();
      },
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'cancelled' });
      },
    );
    (await kept).close();
    await expect(openBaseModel(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('hands on what the progress callback throws, and can be opened again', async () => {
    const onProgress = (): void => {
      throw new Error('mine');
    };
    await expect(openBaseModel(TINY, { onProgress })).rejects.toThrow('mine');
    (await openBaseModel(TINY)).close();
  });

  it.each([
    ['a file that is not there', () => join(folder, 'none.gguf'), 'not_found'],
    ['a folder', () => folder, /corrupt|disk/],
    ['an empty file', () => copy('empty.gguf', () => Buffer.alloc(0)), 'corrupt'],
    ['another file', () => copy('text.gguf', () => Buffer.from('hello, this is not a model at all')), 'corrupt'],
    ['a truncated file', () => copy('cut.gguf', (bytes) => bytes.subarray(0, bytes.length - 5000)), 'corrupt'],
    ['a truncated header', () => copy('head.gguf', (bytes) => bytes.subarray(0, 300)), 'corrupt'],
    ['an adapter', () => TINY_ADAPTER, /unsupported|corrupt/],
  ])('refuses %s', async (_, path, code) => {
    const matching: unknown = typeof code === 'string' ? code : expect.stringMatching(code);
    await expect(openBaseModel(path())).rejects.toMatchObject({ name: 'EngramError', code: matching });
  });

  it('refuses options that cannot be', async () => {
    await expect(openBaseModel(TINY, { threads: 0 })).rejects.toMatchObject({ code: 'usage' });
    await expect(openBaseModel(TINY, { precision: 'int4' as 'f32' })).rejects.toMatchObject({ code: 'usage' });
    await expect(openBaseModel('')).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the machine', () => {
  it('is described', () => {
    const info = cpuInfo();
    expect(info.kernel).toMatch(/portable|neon|avx/);
    expect(['f32', 'f16', 'bf16', 'int8']).toContain(info.precision);
    expect(info.threads).toBeGreaterThanOrEqual(1);
    expect(info.threads).toBeLessThanOrEqual(availableParallelism());
  });

  it('is measured', async () => {
    const peak = await measurePeak({ threads: 1, ms: 50 });
    expect(peak.f32).toBeGreaterThan(0.1);
    await expect(measurePeak({ threads: 0 })).rejects.toMatchObject({ code: 'usage' });
    await expect(measurePeak({ ms: NaN })).rejects.toMatchObject({ code: 'usage' });
  });
});
