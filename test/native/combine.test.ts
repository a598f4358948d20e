// Stored adapters merged, shrunk and fused through the addon, on a tiny model. What llama.cpp makes of the results is in
// test/model/adapter-kinds.test.ts.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256File } from '../../src/files.js';
import { AdapterStore, trainAdapter, type LoraOptions } from '../../src/training/index.js';
import { readAdapterFile } from '../../src/training/adapter-gguf.js';
import { openTiny, sequence, TINY } from './tiny.js';

let home: string;
let store: AdapterStore;
let model: string;

const TOKENS = [1, 8, 15, 22, 29, 36, 43];

async function train(name: string, start: number, lora: LoraOptions): Promise<void> {
  const base = await openTiny(model);
  const { adapter } = await trainAdapter(base, [sequence(24, start)], {
    ...{ store, name, baseName: 'tiny', baseSha256: await sha256File(model), epochs: 10, lora },
    optimizer: { learningRate: 1e-2 },
  });
  base.close();
  expect(adapter.name).toBe(name);
}

/** Logits of a model alone, or with a stored adapter. */
async function logits(path: string, adapter?: string, lora: LoraOptions = {}): Promise<Float32Array> {
  const base = await openTiny(path);
  const trainer = base.newTrainer(lora);
  base.close();
  if (adapter !== undefined) await trainer.load((await store.find(adapter)).path);
  const out = await trainer.logits(TOKENS);
  trainer.close();
  return out;
}

const furthest = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
};

const SECOND: LoraOptions = { kind: 'rslora', rank: 4, rankPattern: { v: 6, '0.down': 2, '1.*': 0 }, seed: 2 };

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'engram-combine-'));
  mkdirSync(join(home, 'gguf'));
  model = join(home, 'gguf', 'tiny.gguf');
  copyFileSync(TINY, model);
  store = new AdapterStore(home);
  await train('first', 0, { rank: 3, seed: 1 });
  await train('second', 40, SECOND);
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

describe('kinds and ranks', () => {
  it('are stored and come back', async () => {
    const { manifest, path } = await store.find('second');
    expect(manifest).toMatchObject({ kind: 'rslora', rank: 6 });
    const ranks = new Map(
      (await readAdapterFile(path)).matrices
        .filter(({ name }) => name.endsWith('lora_a'))
        .map(({ name, rows }) => [name.replace('.weight.lora_a', ''), rows]),
    );
    expect(ranks.size).toBe(14);
    expect(ranks.get('blk.0.attn_v')).toBe(6);
    expect(ranks.get('blk.0.ffn_down')).toBe(2);
    expect(ranks.get('blk.2.ffn_down')).toBe(4);
    expect(ranks.has('blk.1.attn_v')).toBe(false);
    expect(furthest(await logits(model, 'second', SECOND), await logits(model))).toBeGreaterThan(1);
    await expect(logits(model, 'second', { ...SECOND, kind: 'lora' })).rejects.toMatchObject({ code: 'mismatch' });
  });

  it('go to PEFT with their ranks', async () => {
    const out = join(home, 'peft');
    await store.export('second', 'peft', out);
    const config = JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ r: 4, use_rslora: true, rank_pattern: { 'layers.0.mlp.down_proj': 2 } });
    expect(config['lora_alpha']).toBeCloseTo(2 * Math.sqrt(8));
    expect(config['layers_to_transform']).toEqual([0, 2]);
  });
});

describe('merge', () => {
  it('says what both say, and so do both fused', async () => {
    const shares: number[] = [];
    const merged = await store.merge([{ name: 'first' }, { name: 'second', weight: 0.5 }], { name: 'both' });
    expect(merged.error).toBe(0);
    expect(merged.adapter.manifest).toMatchObject({
      ...{ rank: 9, layers: [0, 2], alpha: merged.alpha },
      madeFrom: [
        { name: 'first', weight: 1 },
        { name: 'second', weight: 0.5 },
      ],
    });
    const options = { model, type: 'f32', onProgress: (share: number) => shares.push(share) };
    const one = await store.fuse([{ name: 'both' }], { ...options, output: join(home, 'one.gguf') });
    const two = await store.fuse([{ name: 'first' }, { name: 'second', weight: 0.5 }], {
      ...options,
      output: join(home, 'two.gguf'),
    });
    expect(one).toMatchObject({ path: join(home, 'one.gguf'), tensors: 21, bytes: two.bytes });
    expect(shares.at(-1)).toBe(1);
    const sum = await logits(two.path);
    expect(furthest(await logits(one.path), sum)).toBeLessThan(1e-4);
    expect(furthest(await logits(model), sum)).toBeGreaterThan(1);
  });

  it('can take away what was added', async () => {
    await store.merge(
      [
        { name: 'first', weight: 1 },
        { name: 'first', weight: -1 },
      ],
      { name: 'nothing' },
    );
    const { path } = await store.fuse([{ name: 'nothing' }], {
      ...{ model, type: 'f32', output: join(home, 'nothing.gguf') },
    });
    expect(furthest(await logits(path), await logits(model))).toBeLessThan(1e-5);
  });

  it('refuses names, weights and limits that cannot be', async () => {
    const code = (expected: string): object =>
      expect.objectContaining({ name: 'EngramError', code: expected }) as object;
    const to = { name: 'new' };
    await expect(store.merge([], to)).rejects.toEqual(code('usage'));
    await expect(store.merge([{ name: 'none' }], to)).rejects.toEqual(code('not_found'));
    await expect(store.merge([{ name: 'first', weight: NaN }], to)).rejects.toEqual(code('usage'));
    await expect(store.merge([{ name: 'first' }], { ...to, rank: 0 })).rejects.toEqual(code('usage'));
    await expect(store.merge([{ name: 'first' }], { name: 'second' })).rejects.toEqual(code('exists'));
    await expect(Promise.resolve().then(() => store.shrink('first', to))).rejects.toEqual(code('usage'));
    expect(readdirSync(join(home, 'adapters'))).not.toContain('new');
  });
});

describe('shrink', () => {
  it('keeps as much as fits, and says what was lost', async () => {
    const even = await store.shrink('first', { name: 'even', rank: 1 });
    const spread = await store.shrink('first', { name: 'spread', budget: 1 });
    expect(even.error).toBeGreaterThan(0);
    expect(even.ranks.every(({ before, after }) => before === 3 && after === 1)).toBe(true);
    expect(spread.error).toBeLessThan(even.error);
    expect(spread.parameters).toBeLessThanOrEqual(even.parameters);
    const whole = await store.shrink('first', { name: 'whole', rank: 3 });
    expect(whole.error).toBeLessThan(1e-6);
    const loaded = await logits(model, 'whole', { rank: 3, alpha: whole.alpha });
    expect(furthest(loaded, await logits(model, 'first', { rank: 3 }))).toBeLessThan(1e-4);
  });

  it('is cancelled, and leaves nothing', async () => {
    const stop = new AbortController();
    const shrinking = store.shrink('first', {
      ...{ name: 'late', rank: 1, signal: stop.signal },
      onProgress: () => {
        stop.abort();
      },
    });
    await expect(shrinking).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(join(home, 'adapters')).sort()).not.toContain('late');
  });
});

describe('fuse', () => {
  it('refuses another model, a taken path, a type that is none', async () => {
    const output = join(home, 'refused.gguf');
    const fuse = (options: object): Promise<unknown> => store.fuse([{ name: 'first' }], { model, output, ...options });
    const other = join(home, 'gguf', 'other.gguf');
    copyFileSync(join(TINY, '..', 'tiny-untied.gguf'), other);
    await expect(fuse({ model: other })).rejects.toMatchObject({ code: 'mismatch' });
    await expect(fuse({ model: join(home, 'none.gguf') })).rejects.toMatchObject({ code: 'not_found' });
    await expect(fuse({ output: model })).rejects.toMatchObject({ code: 'exists' });
    await expect(fuse({ output: model, replace: true })).rejects.toMatchObject({ code: 'usage' });
    await expect(fuse({ type: 'q9' })).rejects.toMatchObject({ code: 'usage' });
    await expect(fuse({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(output)).toBe(false);
    expect(await sha256File(model)).toBe(await sha256File(TINY));
  });
});
