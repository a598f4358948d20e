// The SHA-256 of a model file, which says what adapters and brains belong to. Reading gigabytes takes seconds, so it is kept by
// the file's path, size and time of change. Not here: whether the file is what the catalog promised (pull.ts).
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fromSystemError } from '../errors.js';
import { sha256File, writeFileAtomic } from '../files.js';
import { ggufPaths } from './gguf-parts.js';

/** 64 hexadecimal digits; of a model in several files, of their hashes in order. Throws `not_found`, `disk`, `corrupt` (a part is
 * missing), `cancelled`. */
export async function modelSha256(home: string, path: string, signal?: AbortSignal): Promise<string> {
  const parts = ggufPaths(path);
  if (parts.length === 1) return fileSha256(home, path, signal);
  const whole = createHash('sha256');
  for (const part of parts) whole.update(await fileSha256(home, part, signal));
  return whole.digest('hex');
}

async function fileSha256(home: string, path: string, signal?: AbortSignal): Promise<string> {
  const file = await stat(path).catch((error: unknown) => {
    throw fromSystemError(error, path);
  });
  const state = JSON.stringify([resolve(path), file.size, file.mtimeMs, file.ino]);
  const kept = join(home, 'cache', 'hashes', `${createHash('sha256').update(state).digest('hex').slice(0, 32)}.txt`);
  const known = await readFile(kept, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}$/.test(known)) return known;
  const sha256 = await sha256File(path, { signal });
  // A home that cannot be written costs this time again, nothing else.
  await writeFileAtomic(kept, sha256).catch(() => undefined);
  return sha256;
}
