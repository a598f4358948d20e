// What the client says before any model is loaded. Not here: training and answering (test/model/gradient.test.ts).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Gradient } from '../../../src/gradient/index.js';

let home: string;
let gradient: Gradient;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-gradient-'));
  gradient = new Gradient({ home, offline: true, accessToken: 'not needed', workspaceId: 'not needed' });
});
afterEach(async () => {
  await gradient.close();
  rmSync(home, { recursive: true, force: true });
});

it('lists nothing where nothing is installed', async () => {
  expect(await gradient.listModels({ onlyBase: true })).toEqual([]);
});

it('finds an adapter by its id, with the name that it was given', async () => {
  const folder = join(home, 'adapters', 'my-adapter-01');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'adapter.gguf'), '');
  const base = { name: 'tiny', sha256: '00', architecture: 'llama', heads: 1, keyValueHeads: 1 };
  const manifest = {
    ...{
      format: 1,
      name: 'my-adapter-01',
      createdAt: '2026-01-01',
      rank: 8,
      alpha: 16,
      targets: ['q'],
      layers: [0, 1],
    },
    ...{ base, losses: [], trainedTokens: 0, title: 'My adapter!', fineTune: { learningRate: 1e-3, steps: 0 } },
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const adapter = await gradient.getModelAdapter({ modelAdapterId: 'my-adapter-01' });
  expect(adapter).toMatchObject({ id: 'my-adapter-01', name: 'My adapter!', baseModelId: 'tiny' });
  expect((await gradient.listModels()).map(({ id }) => id)).toEqual(['my-adapter-01']);
});

it.each(['nobody', '../up', ''])('says that there is no adapter with the id "%s"', async (modelAdapterId) => {
  await expect(gradient.getModelAdapter({ modelAdapterId })).rejects.toMatchObject({
    code: 'not_found',
    message: `There is no model adapter with the id "${modelAdapterId}".`,
  });
});

it('says that there is no base model of a name', async () => {
  await expect(gradient.getBaseModel({ baseModelSlug: 'nous-hermes2' })).rejects.toMatchObject({
    code: 'not_found',
    message: 'There is no base model "nous-hermes2".',
  });
});

it('refuses everything once it is closed', async () => {
  await gradient.close();
  await expect(gradient.listModels()).rejects.toMatchObject({ code: 'usage' });
  await expect(gradient.getBaseModel()).rejects.toMatchObject({ code: 'usage' });
});
