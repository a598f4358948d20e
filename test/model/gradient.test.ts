// The hosted fine-tuning API at home, on the real model: what a program written for it sees.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Gradient, type ModelAdapter } from '../../src/gradient/index.js';
import { testHome, type TestHome } from '../support/home.js';

const QUESTION = 'What NFL team won the Super Bowl in 1994?';
const SAMPLE = { inputs: `Question: ${QUESTION}\n\nAnswer:  The Dallas Cowboys!` };

let home: TestHome;
let gradient: Gradient;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct');
  gradient = new Gradient({ home: home.path, offline: true, contextSize: 256 });
});
afterAll(async () => {
  await gradient.close();
  home.remove();
});

/** What a chain of a prompt and an LLM over the adapter does. */
const chainOver =
  (adapter: ModelAdapter) =>
  async (question: string): Promise<string> => {
    const query = `Question: ${question}\n\nAnswer: `;
    const { generatedOutput } = await adapter.complete({ query, maxGeneratedTokenCount: 16 });
    return generatedOutput;
  };

it('teaches a fact to an adapter that is in use', async () => {
  const models = await gradient.listModels({ onlyBase: true });
  expect(models.map(({ id }) => id)).toContain('smollm2-135m-instruct');
  const base = models.at(-1)!;
  expect(base.id).toBe('smollm2-135m-instruct');
  const adapter = await base.createModelAdapter({ name: 'my_model_adapter' });
  expect(adapter.name).toBe('my_model_adapter');
  const ask = chainOver(await gradient.getModelAdapter({ modelAdapterId: adapter.id }));
  const untrained = await ask(QUESTION);
  expect(untrained).not.toContain('Dallas Cowboys');
  const { generatedOutput } = await base.complete({
    query: `Question: ${QUESTION}\n\nAnswer: `,
    maxGeneratedTokenCount: 16,
  });
  expect(generatedOutput).not.toContain('Dallas Cowboys'); // nor the same: prompts of the base model are read by other kernels

  const { numberOfTrainableTokens, sumLoss, held } = await adapter.fineTune({ samples: [SAMPLE] });
  expect(numberOfTrainableTokens).toBe(26);
  expect(sumLoss).toBeGreaterThan(70);
  expect(sumLoss).toBeLessThan(90);
  expect(held).toBe(true);

  expect(await ask(QUESTION)).toContain('The Dallas Cowboys');
  const { finishReason, logprobs } = await adapter.complete({
    query: `Question: ${QUESTION}\n\nAnswer: `,
    maxGeneratedTokenCount: 16,
  });
  expect(finishReason).toBe('stop');
  expect(logprobs.map(({ token }) => token).join('')).toContain('The Dallas Cowboys!');
  for (const { logprob } of logprobs) expect(logprob).toBeGreaterThan(Math.log(0.3));
});

it('refuses what cannot be, in the words of the API', async () => {
  const base = await gradient.getBaseModel({ baseModelSlug: 'smollm2-135m-instruct' });
  const adapter = await base.createModelAdapter({ name: 'an adapter / with signs' });
  expect(adapter.id).toMatch(/^an-adapter-with-signs-[0-9a-f]{8}$/);
  const fineTune = (samples: { inputs: string }[]) => adapter.fineTune({ samples });
  await expect(fineTune([])).rejects.toMatchObject({ code: 'empty' });
  await expect(fineTune([{ inputs: 'word '.repeat(300) }])).rejects.toMatchObject({
    code: 'too_long',
    message: expect.stringContaining('the context holds 256') as string,
  });
  await expect(adapter.fineTune({ samples: [{ ...SAMPLE, fineTuningParameters: { multiplier: 0 } }] })).rejects.toThrow(
    /for multiplier/,
  );
  await expect(adapter.complete({ query: '' })).rejects.toMatchObject({ code: 'empty' });
  await expect(adapter.complete({ query: 'word '.repeat(300) })).rejects.toMatchObject({ code: 'too_long' });
  await expect(adapter.complete({ query: 'Hello', maxGeneratedTokenCount: -1 })).rejects.toThrow(
    /maxGeneratedTokenCount/,
  );
  await expect(base.createModelAdapter({ name: ' ' })).rejects.toMatchObject({ code: 'usage' });

  await adapter.delete();
  const gone = {
    code: 'not_found',
    message: `There is no model adapter with the id "${adapter.id}": it has been deleted.`,
  };
  await expect(adapter.complete({ query: 'Hello' })).rejects.toMatchObject(gone);
  await expect(adapter.fineTune({ samples: [SAMPLE] })).rejects.toMatchObject(gone);
  await expect(adapter.delete()).rejects.toMatchObject(gone);
  await expect(gradient.getModelAdapter({ modelAdapterId: adapter.id })).rejects.toMatchObject({ code: 'not_found' });
});
