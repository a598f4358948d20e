// `engram worker` and `engram jobs` without a store: what they pass on, and what they say. With one: test/contract/jobs.test.ts.
import { expect, it } from 'vitest';
import { FakeApi } from '../../fakes/api.js';
import { runCli } from './run-cli.js';

it('works as it is told, and counts what it did', async () => {
  const api = new FakeApi();
  const { code, json } = await runCli(['worker', '--once', '--lease', '60', '--name', 'attic', '--json'], { api });
  expect(code).toBe(0);
  expect(json()).toEqual({ done: 1, failed: 0, givenBack: 0, lost: 0 });
  expect(api.engine.calls).toContainEqual(['work', 'attic', true, 60]);
});

it.each([
  [['worker', '--lease', 'long'], /Expected a number for --lease but received "long"/],
  [['jobs', 'add', 'x'], /Jobs are in a store/],
  [['jobs', 'add', '--store', 'mysql://x', 'x'], /Expected the address of a store/],
  [
    ['jobs', 'add', '--rebuild', '--sleep', '--store', 'postgres://h/d'],
    /either a text, or --rebuild, or --sleep|no store/,
  ],
  [['ask', '--server', 'gpu:8000', 'x'], /Expected an address such as/],
])('%j is refused in words', async (argv, message) => {
  const { code, stderr } = await runCli(argv);
  expect(code).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
});

it('never shows a password that stands in an address', async () => {
  const { stderr } = await runCli(['memories', '--store', 'postgres//mara:sesame@h/d']);
  expect(stderr).toMatch(/Expected the address of a store/);
  expect(stderr).not.toContain('sesame');
});
