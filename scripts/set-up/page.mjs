// Builds the page that the server shows (page/) into dist/page when it changed. Not here: serving it (src/server/page.ts).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { at } from './paths.mjs';
import { phase } from './progress.mjs';
import { run } from './run.mjs';
import { filesBelow, hashOf, isStamped, stamp, unstamp } from './stamps.mjs';

export const PAGE = at('dist', 'page');

export async function buildPage() {
  const sources = [
    ...filesBelow(at('page')).filter((file) => !file.startsWith(at('page', 'test'))),
    at('package-lock.json'),
  ];
  const content = hashOf(sources);
  if (isStamped('page', content) && existsSync(join(PAGE, 'index.html'))) return;
  unstamp('page');
  await phase('Building the page', () => {
    const vite = at('node_modules', 'vite', 'bin', 'vite.js');
    // Whatever the caller is: tests have another one.
    const env = { NODE_ENV: 'production' };
    return run(process.execPath, [vite, 'build', '-c', 'page/vite.config.ts', '--logLevel', 'warn'], { env });
  });
  stamp('page', content);
}
