import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdapterStore, requireBase, trainAdapter, type BaseModel, type Example } from '../../../src/training/index.js';
import { FakeTrainer } from '../../fakes/trainer.js';
import { GGUF_ADAPTER, HEADS } from './fixtures.js';

let home: string;
let store: AdapterStore;
let trainer: FakeTrainer;
let base: BaseModel;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-train-'));
  store = new AdapterStore(home);
  trainer = new FakeTrainer();
  trainer.save = (path) => copyFile(GGUF_ADAPTER, path);
  const info = { architecture: 'llama', layers: 3, vocabularySize: 100, ...HEADS } as BaseModel['info'];
  base = { info, newTrainer: () => trainer, close: () => undefined };
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const examples: Example[] = [{ tokens: [1, 2, 3], weights: [0, 1, 1] }];
const named = (name: string): { store: AdapterStore; name: string; baseName: string; baseSha256: string } => ({
  store,
  name,
  baseName: 'tiny',
  baseSha256: 'ab'.repeat(32),
});

describe('trainAdapter', () => {
  it('stores what it trained and says what it is', async () => {
    const options = { ...named('law'), lora: { rank: 4, layers: [-2, -1] as const }, epochs: 2 };
    const { adapter, result } = await trainAdapter(base, examples, options);
    expect(adapter.manifest).toMatchObject({
      name: 'law',
      base: { name: 'tiny', architecture: 'llama', ...HEADS },
      rank: 4,
      alpha: 8,
      layers: [1, 2],
      losses: result.epochs,
      trainedTokens: 2,
    });
    expect(await store.find('law')).toEqual(adapter);
    expect(trainer.closed).toBe(true);
  });

  it('trains nothing under a name that is taken, unless it is to be replaced', async () => {
    await trainAdapter(base, examples, named('law'));
    const steps = trainer.rates.length;
    await expect(trainAdapter(base, examples, named('law'))).rejects.toMatchObject({ code: 'exists' });
    expect(trainer.rates).toHaveLength(steps);
    trainer.closed = false;
    await trainAdapter(base, examples, { ...named('law'), replace: true });
    expect(trainer.rates).toHaveLength(2 * steps);
  });

  it('stores nothing when training fails', async () => {
    trainer.lossAt = () => NaN;
    await expect(trainAdapter(base, examples, named('law'))).rejects.toMatchObject({ code: 'diverged' });
    expect((await store.list()).adapters).toEqual([]);
    expect(readdirSync(home)).toEqual([]);
    expect(trainer.closed).toBe(true);
  });
});

describe('requireBase', () => {
  it('refuses the adapter of another model', async () => {
    const { adapter } = await trainAdapter(base, examples, named('law'));
    requireBase(adapter.manifest, 'AB'.repeat(32));
    expect(() => {
      requireBase(adapter.manifest, 'cd'.repeat(32));
    }).toThrow(expect.objectContaining({ code: 'mismatch' }));
  });
});
