// GradientLLM before any model is loaded. Not here: answering and training with one (examples/langchain-gradient.mjs).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { closeShared, GradientLLM } from '../../../src/langchain/index.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-gradient-llm-'));
});
afterEach(async () => {
  await closeShared();
  rmSync(home, { recursive: true, force: true });
});

const KEYS = { gradientWorkspaceId: 'not used', gradientAccessToken: 'not used' };

it('takes the words of the hosted API, in either case, and says which there is not', () => {
  const modelKwargs = { max_generated_token_count: 128, top_k: 3, temperature: 0.5 };
  expect(new GradientLLM({ home, model: 'a', modelKwargs, ...KEYS })._identifyingParams()).toEqual({
    ...{ model: 'a', maxTokens: 128, topK: 3, temperature: 0.5 },
  });
  expect(new GradientLLM({ modelKwargs: { maxGeneratedTokenCount: 9 } })._identifyingParams()).toMatchObject({
    maxTokens: 9,
  });
  expect(() => new GradientLLM({ modelKwargs: { max_token_count: 1 } })).toThrow('no option "maxTokenCount"');
});

it('is of the model that an adapter belongs to, else of the model of that name', async () => {
  const folder = join(home, 'adapters', 'my-adapter-01');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'adapter.gguf'), '');
  const base = { name: 'nous-hermes2', sha256: '00', architecture: 'llama', heads: 1, keyValueHeads: 1 };
  const shape = { rank: 8, alpha: 16, targets: ['q'], layers: [0, 1], losses: [], trainedTokens: 0 };
  const manifest = { format: 1, name: 'my-adapter-01', createdAt: '2026-01-01', base, ...shape };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  for (const model of ['my-adapter-01', 'nous-hermes2', './nous-hermes2.gguf']) {
    const llm = new GradientLLM({ home, model, offline: true, ...KEYS });
    await expect(llm.invoke('Question: Who?')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('nous-hermes2') as string,
    });
  }
});

it('says that a base model cannot be trained itself, and that there is nothing to train on', async () => {
  const llm = new GradientLLM({ home, model: 'nous-hermes2', offline: true });
  await expect(llm.trainUnsupervised([])).rejects.toMatchObject({ code: 'empty' });
  await expect(llm.trainUnsupervised(['x'])).rejects.toMatchObject({ code: 'usage', option: 'model' });
});
