// Installs the dependencies that package-lock.json names, if they are not there. No install script of a dependency runs: they
// only build from source or download what engram does without (llama.cpp, CUDA).
import { readFileSync } from 'node:fs';
import { at } from './paths.mjs';
import { phase } from './progress.mjs';
import { checkRoom } from './requirements.mjs';
import { npm } from './run.mjs';

export async function installDependencies() {
  if (installed()) return;
  checkRoom();
  await phase('Installing the dependencies', () =>
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      hint: 'Check the network, the proxy settings and the npm registry (npm config get registry).',
    }),
  );
}

/** True if node_modules holds what package-lock.json asks for. npm keeps its own list of what it installed and writes it
 * last, so an installation that was broken off does not count. */
export function installed() {
  const wanted = packagesOf(at('package-lock.json'));
  const there = packagesOf(at('node_modules', '.package-lock.json'));
  if (wanted === undefined || there === undefined) return false;
  // Optional packages for other platforms are left out by npm.
  return Object.entries(wanted).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || (there[path] === undefined ? optional || devOptional : there[path].version === version),
  );
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
