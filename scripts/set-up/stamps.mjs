// Remembers from which sources something was built, so that it is built again when, and only when, they change.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT, at } from './paths.mjs';

/** All files below a path (a file or a folder, which may be missing), sorted. */
export function filesBelow(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** Hash of the names and contents of files, and of other things they are built with. */
export function hashOf(files, others = []) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${relative(ROOT, file)}\0`);
    hash.update(readFileSync(file));
  }
  for (const other of others) hash.update(`\0${other}`);
  return hash.digest('hex');
}

const stampPath = (name) => at('build', 'stamps', name);

export function isStamped(name, hash) {
  try {
    return readFileSync(stampPath(name), 'utf8') === hash;
  } catch {
    return false;
  }
}

export function stamp(name, hash) {
  mkdirSync(at('build', 'stamps'), { recursive: true });
  writeFileSync(stampPath(name), hash);
}

/** Before building: a build that breaks off must not look done. */
export function unstamp(name) {
  rmSync(stampPath(name), { force: true });
}
