// docs/cli.md is what the commands say of themselves.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/program.js';
import { reference } from '../../../src/cli/reference.js';

it('docs/cli.md is up to date: npm run docs:cli', () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  expect(page).toBe(reference());
  for (const { usage } of COMMANDS) expect(page).toContain(`engram ${usage.split(' ')[0]!}`);
  expect(page.match(/--idle-unload/g)).toHaveLength(1);
});
