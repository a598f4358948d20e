// Fine-tuning call by call, over the real addon on a tiny model.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { AdapterStore, createAdapter, fineTune, type BaseModel, type RowEncoder } from '../../src/training/index.js';
import { openTiny } from './tiny.js';

const NAME = 'tune';
const FIRST = { text: 'the red kiln is hot' };
const SECOND = { text: 'the blue kiln is cold' };

/** A token for each letter. */
const encoder: RowEncoder & { contextSize: number } = {
  encode: (text) => Uint32Array.from(text, (letter) => letter.charCodeAt(0) % 90),
  encodeChat: () => new Uint32Array(),
  special: { endOfTurn: 91, endOfText: 92, beginOfText: null },
  contextSize: 64,
};

let base: BaseModel;
let folder: string;
let store: AdapterStore;
beforeAll(async () => {
  base = await openTiny();
});
afterAll(() => {
  base.close();
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'engram-fine-tune-'));
  store = new AdapterStore(folder);
  await createAdapter(place(), NAME, { learningRate: 1e-2, title: 'My adapter!' });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const place = (): Parameters<typeof fineTune>[0] => ({
  store,
  encoder,
  base: () => Promise.resolve(base),
  model: { name: 'tiny', sha256: () => Promise.resolve('00') },
});
const weights = async (name = NAME): Promise<Buffer> => readFileSync((await store.find(name)).path);

it('makes an adapter that changes nothing yet', async () => {
  const { manifest, path } = await store.find(NAME);
  expect(manifest).toMatchObject({
    title: 'My adapter!',
    fineTune: { learningRate: 1e-2, steps: 0 },
    trainedTokens: 0,
  });
  const trainer = base.newTrainer({ rank: manifest.rank });
  const tokens = encoder.encode(FIRST.text);
  const before = await trainer.logits(tokens);
  await trainer.load(path);
  expect(await trainer.logits(tokens)).toEqual(before);
  trainer.close();
});

it('counts all tokens but the first, and their loss with the weights before the call', async () => {
  const { tokens, sumLoss } = await fineTune(place(), { adapter: NAME, samples: [FIRST], steps: 1 });
  expect(tokens).toBe(FIRST.text.length); // the first follows from nothing; the end of the text is one
  const trainer = base.newTrainer();
  const all = [...encoder.encode(FIRST.text), encoder.special.endOfText];
  trainer.add({ tokens: all, weights: all.map(() => 1) });
  expect((await trainer.evaluate([{ example: 0 }])).examples[0]!.sumLoss).toBeCloseTo(sumLoss, 3);
  trainer.close();
  const again = await fineTune(place(), { adapter: NAME, samples: [FIRST], steps: 1 });
  expect(again.sumLoss).toBeLessThan(sumLoss);
});

it('goes on where the last call ended, to the same bits', async () => {
  await createAdapter(place(), 'once', { learningRate: 1e-2 });
  const samples = [FIRST, { ...SECOND, weight: 2 }];
  for (const steps of [2, 3, 1]) await fineTune(place(), { adapter: NAME, samples, steps });
  await fineTune(place(), { adapter: 'once', samples, steps: 6 });
  expect((await weights()).equals(await weights('once'))).toBe(true);
  const { manifest } = await store.find(NAME);
  expect(manifest.fineTune?.steps).toBe(6);
  expect(manifest.losses).toHaveLength(3);
});

it('trains until the samples are held, though they begin alike', async () => {
  const seen: number[] = [];
  const report = await fineTune(place(), {
    adapter: NAME,
    samples: [FIRST, SECOND],
    onProgress: ({ loss }) => seen.push(loss),
  });
  expect(report.held).toBe(true);
  expect(seen).toHaveLength(report.steps);
  expect(seen.at(-1)! * report.tokens).toBeCloseTo(report.lastSumLoss, 6);
  const given = await fineTune(place(), { adapter: NAME, samples: [FIRST, SECOND] });
  expect(given).toMatchObject({ held: true, steps: 1 });
});

it('says when it could not be held in the steps there were', async () => {
  const report = await fineTune(place(), { adapter: NAME, samples: [FIRST], maxSteps: 2 });
  expect(report).toMatchObject({ held: false, steps: 2 });
});

it.each([
  ['no samples', [], 'empty'],
  ['an empty one', [FIRST, { text: '  ' }], 'empty'],
  ['one that is longer than the context', [{ text: 'x'.repeat(64) }], 'too_long'],
  ['a weight that is none', [{ text: 'x y z', weight: -1 }], 'usage'],
])('refuses %s, and nothing has changed', async (_, samples, code) => {
  const before = await weights();
  await expect(fineTune(place(), { adapter: NAME, samples })).rejects.toMatchObject({ name: 'EngramError', code });
  expect((await weights()).equals(before)).toBe(true);
});

it('leaves the adapter as it was when it is cancelled', async () => {
  const before = await weights();
  const abort = new AbortController();
  const samples = [FIRST];
  const onProgress = (): void => {
    abort.abort();
  };
  await expect(fineTune(place(), { adapter: NAME, samples, onProgress, signal: abort.signal })).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect((await weights()).equals(before)).toBe(true);
});

it('does not bring back an adapter that is removed meanwhile', async () => {
  const removed: Promise<void>[] = [];
  const onProgress = (): void => void removed.push(store.remove(NAME));
  const tuned = fineTune(place(), { adapter: NAME, samples: [FIRST], steps: 1, onProgress });
  await expect(tuned).rejects.toMatchObject({ code: 'not_found' });
  await Promise.all(removed);
  await expect(store.find(NAME)).rejects.toMatchObject({ code: 'not_found' });
});

it('runs calls that overlap one after the other', async () => {
  const request = { adapter: NAME, samples: [FIRST], steps: 2 };
  const [a, b] = await Promise.all([fineTune(place(), request), fineTune(place(), request)]);
  expect(a.sumLoss).not.toBe(b.sumLoss);
  expect((await store.find(NAME)).manifest.fineTune?.steps).toBe(4);
});

it('goes on with an adapter that something else has trained, with a fresh optimizer', async () => {
  const trainer = base.newTrainer({ rank: 4 });
  const { manifest } = await store.find(NAME);
  const { base: of, targets, layers } = manifest;
  const about = { base: of, rank: 4, alpha: 8, targets, layers, losses: [], trainedTokens: 0 };
  await store.save('other', about, (path) => trainer.save(path));
  trainer.close();
  const report = await fineTune(place(), { adapter: 'other', samples: [FIRST], steps: 1 });
  expect(report.steps).toBe(1);
});
