import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdapterStore, type AdapterManifest } from '../../../src/training/index.js';
import { GGUF_ADAPTER, HEADS, PEFT_FOLDER } from './fixtures.js';

let home: string;
let store: AdapterStore;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-adapters-'));
  store = new AdapterStore(home);
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const manifest: Omit<AdapterManifest, 'format' | 'name' | 'createdAt'> = {
  base: { name: 'tiny-tied', sha256: 'ab'.repeat(32), architecture: 'llama', ...HEADS },
  rank: 4,
  alpha: 8,
  targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
  layers: [0, 2],
  losses: [{ train: 2, validation: null }],
  trainedTokens: 100,
};
const write = (path: string): Promise<void> => copyFile(GGUF_ADAPTER, path);
const place = (name: string): string => join(home, 'adapters', name);

describe('AdapterStore', () => {
  it('stores, lists, finds and removes', async () => {
    expect(await store.list()).toEqual({ adapters: [], broken: [] });
    await store.save('law', manifest, write);
    await store.save('cooking', manifest, write);
    const { adapters, broken } = await store.list();
    expect(adapters.map(({ name }) => name)).toEqual(['cooking', 'law']);
    expect(broken).toEqual([]);
    const law = await store.find('law');
    expect(law.manifest).toMatchObject({ format: 1, name: 'law', ...manifest });
    expect(readFileSync(law.path).equals(readFileSync(GGUF_ADAPTER))).toBe(true);
    await store.remove('law');
    await expect(store.find('law')).rejects.toMatchObject({ code: 'not_found' });
    expect(readdirSync(join(home, 'adapters'))).toEqual(['cooking']);
  });

  it('does not take a name twice unless told to', async () => {
    await store.save('law', manifest, write);
    await expect(store.requireFree('law')).rejects.toMatchObject({ code: 'exists' });
    await expect(store.save('law', manifest, write)).rejects.toMatchObject({ code: 'exists' });
    await store.save('law', { ...manifest, trainedTokens: 7 }, write, { replace: true });
    expect((await store.find('law')).manifest.trainedTokens).toBe(7);
    expect(readdirSync(join(home, 'adapters'))).toEqual(['law']);
  });

  it('makes no adapter of nothing', async () => {
    await store.save('law', manifest, write);
    await store.save('cooking', manifest, write);
    const none = ['law', 'cooking'].map((name) => ({ name, weight: 0 }));
    const refused = { code: 'usage', hint: expect.stringContaining('another weight') as string };
    await expect(store.merge(none, { name: 'both' })).rejects.toMatchObject(refused);
    await expect(store.fuse(none, { model: 'tiny', output: join(home, 'new.gguf') })).rejects.toMatchObject(refused);
    expect(readdirSync(join(home, 'adapters'))).toEqual(['cooking', 'law']);
  });

  it('leaves nothing of a failed save, and the old adapter as it was', async () => {
    await store.save('law', manifest, write);
    const fail = (): Promise<void> => Promise.reject(new Error('no'));
    await expect(store.save('law', manifest, fail, { replace: true })).rejects.toThrow('no');
    await expect(store.save('new', manifest, fail)).rejects.toThrow('no');
    expect(readdirSync(join(home, 'adapters'))).toEqual(['law']);
    expect((await store.find('law')).manifest.trainedTokens).toBe(100);
  });

  it('has the old or the new one after a crash at any moment of a replacement', async () => {
    await store.save('law', manifest, write);
    // Between the two renames the old folder lies aside; the half-written new one is still temporary.
    renameSync(place('law'), place('.law.old'));
    cpSync(place('.law.old'), place('.law.123-abc.tmp'), { recursive: true });
    expect((await store.find('law')).manifest.trainedTokens).toBe(100);
    expect((await store.list()).adapters.map(({ name }) => name)).toEqual(['law']);
    await store.save('law', { ...manifest, trainedTokens: 8 }, write, { replace: true });
    expect(readdirSync(join(home, 'adapters'))).toEqual(['law']);
    expect((await store.find('law')).manifest.trainedTokens).toBe(8);
    // After the second rename the old one only waits to be deleted.
    cpSync(place('law'), place('.law.old'), { recursive: true });
    await store.remove('law');
    expect(readdirSync(join(home, 'adapters'))).toEqual([]);
  });

  it('guesses what was meant', async () => {
    await store.save('cooking', manifest, write);
    await expect(store.find('coking')).rejects.toMatchObject({ hint: 'Did you mean "cooking"?' });
  });

  it.each(['', '../law', 'a/b', '.hidden', 'CON', 'x'.repeat(49)])('refuses the name %j', async (name) => {
    await expect(store.save(name, manifest, write)).rejects.toMatchObject({ code: 'usage' });
    await expect(store.find(name)).rejects.toMatchObject({ code: 'usage' });
  });

  it('lists what is broken apart, and can remove it', async () => {
    await store.save('law', manifest, write);
    for (const [name, json] of Object.entries({ garbled: '{', later: '{"format": 2}', poor: '{"format": 1}' })) {
      cpSync(place('law'), place(name), { recursive: true });
      writeFileSync(join(place(name), 'manifest.json'), json);
    }
    mkdirSync(place('empty'));
    const { adapters, broken } = await store.list();
    expect(adapters.map(({ name }) => name)).toEqual(['law']);
    expect(broken.map(({ name }) => name)).toEqual(['empty', 'garbled', 'later', 'poor']);
    await expect(store.find('empty')).rejects.toMatchObject({ code: 'corrupt' });
    await expect(store.find('later')).rejects.toMatchObject({ code: 'unsupported' });
    await store.remove('garbled');
    expect(existsSync(place('garbled'))).toBe(false);
  });

  it('exports a GGUF and a PEFT folder', async () => {
    await store.save('law', manifest, write);
    const out = join(home, 'out', 'deep');
    expect(await store.export('law', 'gguf', out)).toEqual([join(out, 'law.gguf')]);
    expect(readFileSync(join(out, 'law.gguf')).equals(readFileSync(GGUF_ADAPTER))).toBe(true);
    await store.export('law', 'peft', out, { baseModel: 'org/tiny' });
    expect(readdirSync(out).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'law.gguf']);
    const config = JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({ base_model_name_or_path: 'org/tiny', r: 4 });
    expect(readFileSync(join(PEFT_FOLDER, 'adapter_model.safetensors')).length).toBeGreaterThan(0);
  });
});
