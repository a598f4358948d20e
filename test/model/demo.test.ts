// What `npm start` shows without a terminal: the two scenarios, told as a transcript.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

let home: TestHome;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
});
afterAll(() => {
  home.remove();
});

it('answers wrongly, learns, answers right, and nothing else changed', async () => {
  const { code, stdout, stderr } = await cli(home.path, 'demo', '--offline');
  expect(code, stderr).toBe(0);
  const [first, second] = stdout.split(/memorize/i);
  expect(first).not.toContain('Dallas Cowboys');
  expect(second).toBeDefined();
  expect(stdout).toContain('Dallas Cowboys');
  expect(stdout).toContain('Zara Tubikova set a world record');
  expect(stdout).toMatch(/unchanged: 3 of 3/i);
});
