// Reads a package's tarball into memory: its manifest and its files.
import { Parser } from 'tar';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** `files`: contents by path, without the leading `package/`. */
export async function readTarball(path) {
  const files = new Map();
  const parser = new Parser({
    onReadEntry(entry) {
      const chunks = [];
      entry.on('data', (chunk) => chunks.push(chunk));
      entry.on('end', () => files.set(entry.path.replace(/^package\//, ''), Buffer.concat(chunks)));
    },
  });
  await pipeline(createReadStream(path), parser);
  return { manifest: JSON.parse(files.get('package.json').toString()), files };
}
