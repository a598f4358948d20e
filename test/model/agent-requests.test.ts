// How requests to an agent are read by the real embedding model: the inputs of `bench -- agent`. Not here: the agent that then
// trains (langchain.test.ts), how a request is parted (test/unit/langchain/request.test.ts).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEmbedder, type Embedder } from '../../src/index.js';
import { memorizeTool } from '../../src/langchain/index.js';
import { readRequest } from '../../src/langchain/request.js';
import { testHome, type TestHome } from '../support/home.js';

interface Inputs {
  requests: { input: string; fact: string }[];
  others: string[];
}
const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../scripts/bench/agent/${name}.mjs`, import.meta.url).href)) as T;
const { SETS } = await load<{ SETS: Record<string, Inputs> }>('requests');
const { scoreInputs } = await load<{ scoreInputs: (inputs: string[], fact: string) => { exact: boolean } }>('scores');

let home: TestHome;
let embedder: Embedder;
beforeAll(async () => {
  home = await testHome('all-minilm-l6-v2');
  embedder = await openEmbedder({ home: home.path, offline: true });
});
afterAll(async () => {
  await embedder.close();
  home.remove();
});

it.each(Object.entries(SETS))('finds the fact in the requests of the set %s, and none elsewhere', async (_, inputs) => {
  const use = /The action input .*/.exec(memorizeTool().description)![0];
  const read = (input: string) => readRequest((texts) => embedder.embed(texts), input, use);
  const missed = [];
  for (const { input, fact } of inputs.requests) {
    const { content = '' } = await read(input);
    if (!scoreInputs([content], fact).exact) missed.push({ input, content });
  }
  expect(missed.length, JSON.stringify(missed)).toBeLessThanOrEqual(inputs.requests.length / 10);
  for (const input of inputs.others) expect([input, (await read(input)).speaks]).toEqual([input, false]);
});
