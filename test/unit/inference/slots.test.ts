import { expect, it } from 'vitest';
import type { Adapters } from '../../../src/inference/adapters.js';
import type { NativeEngine, NativeLanguageModel } from '../../../src/inference/native.js';
import { Slots } from '../../../src/inference/slots.js';

it('makes the context beside the conversations once, and again where there was no memory for it', async () => {
  const made: Partial<NativeEngine>[] = [];
  let isFull = false;
  const createEngine = (): Promise<Partial<NativeEngine>> => {
    if (isFull) return Promise.reject(new Error('No memory.'));
    made.push({ close: () => Promise.resolve() });
    return Promise.resolve(made.at(-1)!);
  };
  const model = { createEngine } as unknown as NativeLanguageModel;
  const adapters = { close: () => undefined } as unknown as Adapters;
  const slots = await Slots.open(model, adapters, {
    contextSize: 64,
    lanes: 2,
    block: 1,
    threads: 1,
    weights: undefined,
    bytes: 0,
  });
  isFull = true;
  await expect(slots.aside()).rejects.toThrow();
  isFull = false;
  expect(await slots.aside()).toBe(await slots.aside());
  expect(made).toHaveLength(2);
  await slots.close();
});

it('computes contexts with adapters of their own with the same weights', async () => {
  const weightsOf: unknown[] = [];
  const createEngine = ({ weights }: { weights?: object }): Promise<Partial<NativeEngine>> => {
    weightsOf.push(weights);
    return Promise.resolve({ close: () => Promise.resolve() });
  };
  const adapters = {
    outdated: () => [],
    apply: () => Promise.resolve(),
    freeUnused: () => undefined,
    close: () => undefined,
  } as unknown as Adapters;
  const weights = {};
  const slots = await Slots.open({ createEngine } as unknown as NativeLanguageModel, adapters, {
    contextSize: 64,
    lanes: 1,
    block: 1,
    threads: 1,
    weights,
    bytes: 0,
  });
  await slots.with({ key: 'a', members: [] });
  await slots.aside();
  expect(weightsOf).toEqual([weights, weights, weights]);
  await slots.close();
});
