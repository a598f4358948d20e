// Names of files as text, also those that are no UTF-8, which the system knows by their bytes only: on old disks and in unpacked
// archives. Not here: which files are read.
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** Where a file is: as it is shown and stored, and as the system is asked for it. */
export interface Place {
  path: string;
  at: string | Buffer;
}

/** A file or folder inside of a folder. Bytes that are no UTF-8 are shown as `\xE4`. */
export function placeIn(folder: Place, name: Buffer): Place & { name: string } {
  const text = name.toString('utf8');
  if (Buffer.from(text).equals(name)) {
    const at = typeof folder.at === 'string' ? join(folder.at, text) : joined(folder.at, name);
    return { name: text, path: join(folder.path, text), at };
  }
  const shown = showBytes(name);
  return { name: shown, path: join(folder.path, shown), at: joined(Buffer.from(folder.at), name) };
}

function joined(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from(sep), name]);
}

function showBytes(name: Buffer): string {
  let shown = '';
  for (let at = 0; at < name.length;) {
    const length = [1, 2, 3, 4].find((bytes) => !name.toString('utf8', at, at + bytes).includes('\uFFFD'));
    if (length === undefined || at + length > name.length)
      shown += `\\x${name.toString('hex', at, at + 1).toUpperCase()}`;
    else shown += name.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return shown;
}

/** Opens a file for reading without waiting for whoever writes into a pipe. `isFound`: it was found in a folder, where a link that has
 * taken its place meanwhile is not followed. */
export function openFile(at: string | Buffer, isFound: boolean): Promise<FileHandle> {
  // Windows has neither.
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants as Partial<typeof constants> & { O_RDONLY: number };
  return open(at, O_RDONLY | O_NONBLOCK | (isFound ? O_NOFOLLOW : 0));
}
