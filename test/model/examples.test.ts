// The examples, each in a process of its own as a user runs them.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testHome, type TestHome } from '../support/home.js';

let home: TestHome;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
});
afterAll(() => {
  home.remove();
});

async function run(name: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../examples/${name}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path], { env: home.env });
  return stdout;
}

it('fine-tunes an adapter under the chain that uses it', async () => {
  const stdout = await run('gradient');
  const [before, after] = [/before: (.*)/.exec(stdout)?.[1], /after: (.*)/.exec(stdout)?.[1]];
  expect(before).not.toContain('Dallas Cowboys');
  expect(after).toContain('The Dallas Cowboys');
  expect(stdout).toContain('trained on 26 tokens');
});

it('fine-tunes an adapter under a chain of LangChain that uses it', async () => {
  const stdout = await run('langchain-gradient');
  const [before, after] = stdout.split('trained on 26 tokens');
  expect(before).toContain('before:');
  expect(before).not.toContain('Dallas Cowboys');
  expect(after).toMatch(/after:\s+The Dallas Cowboys!/);
});

it('tells the tags of words of sentences that it was not trained on', async () => {
  const stdout = await run('ner');
  const support = stdout.match(/^(?:PER|LOC|O) .* (\d+)$/gm)?.map((line) => Number(line.split(' ').at(-1)));
  expect(support?.sort()).toEqual([2, 2, 4]);
  expect(Number(/accuracy: (.*)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(0.6);
});

it('composes an adapter and a memory, and says what the answer rests on', async () => {
  const stdout = await run('chain');
  expect(stdout).toContain('learned: [ true ]');
  expect(stdout).toContain('mood: angry');
  expect(/reply: (.*)/.exec(stdout)?.[1]).toContain('old dairy');
  expect(Number(/because of a memory: (.*) nats/.exec(stdout)?.[1])).toBeGreaterThan(3);
});
