// `npm run engram` from the checkout: npm goes to the package's folder, the person stays where they are.
import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/docs.js';

it('takes paths from where it was called', { timeout: 120_000 }, async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'engram-run-')));
  const words = ['--prefix', ROOT, 'run', '-s', 'engram', '--', '--json', 'brain', 'import', 'none.engram'];
  const env = { ...process.env, ENGRAM_HOME: folder, INIT_CWD: undefined, npm_lifecycle_event: undefined };
  const stdout = await new Promise<string>((resolve) => {
    const shell = process.platform === 'win32';
    execFile('npm', words, { cwd: folder, env, shell }, (_error, text) => {
      resolve(text);
    });
  });
  rmSync(folder, { recursive: true });
  expect(JSON.parse(stdout)).toMatchObject({ error: { message: `No such file: ${join(folder, 'none.engram')}.` } });
});
