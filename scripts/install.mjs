// What npm runs when engram is installed as a dependency of another project: builds the native addon with the node-gyp that
// npm brings. In a checkout set-up does this instead (scripts/bootstrap.mjs), and .npmrc keeps npm from running it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const addon = join(root, 'build', 'Release', 'engram.node');

if (process.env.ENGRAM_SKIP_BUILD || existsSync(addon)) process.exit(0);

const windows = process.platform === 'win32';
const { status } = spawnSync('node-gyp', ['rebuild', '--jobs=max'], { cwd: root, stdio: 'inherit', shell: windows });
if (status !== 0) {
  console.error(
    'engram could not build its native core. It needs a C++20 compiler, make, git and Python 3 (see the README).\n' +
      'To install it without training, set ENGRAM_SKIP_BUILD=1.',
  );
  process.exit(1);
}
