// The page as `npm run build:page` makes it, in dist/page, where the server looks. Not here: what is in it.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Does nothing where it was built of the same sources. Returns its folder. */
export async function buildPage(): Promise<string> {
  await promisify(execFile)(process.execPath, ['scripts/build-page.mjs'], { cwd: ROOT });
  return fileURLToPath(new URL('../../dist/page', import.meta.url));
}
