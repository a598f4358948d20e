// What npm runs when engram is installed as a dependency of another project: builds the native addon, and that of hnswlib-node
// for this processor, with the node-gyp that npm brings. In a checkout set-up does this instead (scripts/bootstrap.mjs), and
// .npmrc keeps npm from running it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEnvironment, hnswlibFolder, isBuilt } from './hnswlib.mjs';

if (process.env.ENGRAM_SKIP_BUILD) process.exit(0);

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (!existsSync(join(root, 'build', 'Release', 'engram.node')) && !build(root)) {
  console.error(
    'engram could not build its native core. It needs a C++20 compiler, make, git and Python 3 (see the README).\n' +
      'To install it without training, set ENGRAM_SKIP_BUILD=1.',
  );
  process.exit(1);
}

const hnswlib = hnswlibFolder();
if (hnswlib !== undefined) {
  const env = buildEnvironment();
  // Where npm was allowed to build it there is an addon already, without these flags.
  const isGood = isBuilt(hnswlib) && env.CXXFLAGS === undefined;
  if (!isGood && !build(hnswlib, env)) {
    console.error('engram could not build hnswlib-node: searches in many passages will be slow.');
  }
}

function build(folder, env = {}) {
  const { status } = spawnSync('node-gyp', ['rebuild', '--jobs=max'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  return status === 0;
}
