// Installs the packages of a folder as a person would, `npm install engram` in an empty folder, from a registry on this machine and
// with scripts off. Used by try.mjs and standalone.mjs.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpProblem } from '../set-up/problem.mjs';
import { filesBelow } from '../set-up/stamps.mjs';
import { serve } from './registry.mjs';

/** Resolves with the seconds it took and the bytes of the tarballs that came and of what lies on the disk. `packages`: the tarballs;
 * `folder`: the empty folder; `cache`: npm's, which counts only if it was empty. */
export async function install(packages, folder, { cache, platform } = {}) {
  const upstream = execFileSync(...npm('config', 'get', 'registry'), { encoding: 'utf8' }).trim();
  const registry = await serve(packages, upstream);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', 'engram', '--ignore-scripts', '--no-audit', '--no-fund', `--registry=${registry.address}`];
  if (cache !== undefined) args.push(`--cache=${cache}`);
  if (platform !== undefined)
    args.push(`--os=${platform.os}`, `--cpu=${platform.cpu}`, `--libc=${platform.libc ?? ''}`);
  const started = Date.now();
  try {
    // Not as a child that is waited for in place: the registry answers in this process.
    const child = spawn(...npm(...args), { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new SetUpProblem(`npm install failed with exit code ${code}.`);
  } finally {
    registry.close();
  }
  return {
    seconds: (Date.now() - started) / 1000,
    fetched:
      cache === undefined ? undefined : bytesOf(filesBelow(join(cache, '_cacache', 'content-v2')).filter(isGzip)),
    onDisk: bytesBelow(join(folder, 'node_modules')),
    own: registry.sent,
  };
}

/** The npm that runs this script, if one does. On Windows `npm` itself is a script that only a shell starts. */
function npm(...args) {
  const script = process.env.npm_execpath;
  return script === undefined ? ['npm', args] : [process.execPath, [script, ...args]];
}

/** Of all files in a folder. */
export const bytesBelow = (folder) => bytesOf(filesBelow(folder));

const bytesOf = (paths) => paths.reduce((sum, path) => sum + statSync(path).size, 0);

/** Tarballs are; what npm's cache holds beside them is what the registry says of each package. */
function isGzip(path) {
  const first = Buffer.alloc(2);
  const file = openSync(path);
  readSync(file, first, 0, 2, 0);
  closeSync(file);
  return first[0] === 0x1f && first[1] === 0x8b;
}
