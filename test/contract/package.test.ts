// The package as others get it. Not here: installing it with npm, which builds the native core (scripts/check-package.mjs --install).
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { publint } from 'publint';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

it('works from an empty project as ESM, as CommonJS and with types', { timeout: 600_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/check-package.mjs'], { cwd: ROOT });
  expect(stdout).toContain('esm.mjs: works');
  expect(stdout).toContain('cjs.cjs: works');
  expect(stdout.match(/types, \w+: sound/g)).toHaveLength(2);
});

it('is what publint asks of a package', async () => {
  const { messages } = await publint({ pkgDir: ROOT, pack: false, level: 'warning' });
  expect(messages).toEqual([]);
});
