// Archives inside of which formats keep their parts (docx, epub …): checked before anything is unpacked, and read part by part
// within limits. Not here: what the parts mean.
import type { Entry, ZipFile } from 'yauzl';
import { SkipError } from './types.js';

/** Of an archive, unpacked; a bomb says more, or lies and fails. */
const MOST_BYTES = 256 * 2 ** 20;

/** Files in an archive. */
const MOST_FILES = 20_000;

/** Throws SkipError for an archive that is none, or unpacks to more than anything sound. */
export async function requireSaneZip(bytes: Buffer, what: string): Promise<void> {
  let size = 0;
  let files = 0;
  await eachEntry(bytes, what, (entry) => {
    size += entry.uncompressedSize;
    files++;
    return Promise.resolve();
  });
  if (size > MOST_BYTES) throw new SkipError('too_large', `Unpacked it is ${Math.round(size / 1e6)} MB.`);
  if (files > MOST_FILES) throw new SkipError('too_large', `It holds ${files} files.`);
}

/** The parts with a wanted name, in the order of the archive. Throws SkipError. */
export async function readZip(bytes: Buffer, isWanted: (name: string) => boolean): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let left = MOST_BYTES;
  await eachEntry(bytes, 'archive', async (entry, zip) => {
    if (!isWanted(entry.fileName)) return;
    const part = await unpack(zip, entry, left);
    left -= part.length;
    found.set(entry.fileName, part);
  });
  return found;
}

async function eachEntry(
  bytes: Buffer,
  what: string,
  visit: (entry: Entry, zip: ZipFile) => Promise<void>,
): Promise<void> {
  const { fromBuffer } = await import('yauzl');
  const corrupt = (cause: unknown): SkipError =>
    cause instanceof SkipError
      ? cause
      : new SkipError(
          'corrupt',
          `It is not a sound ${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
          {
            cause,
          },
        );
  await new Promise<void>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, zip) => {
      if (error !== null) {
        reject(corrupt(error));
        return;
      }
      zip.on('entry', (entry: Entry) => {
        visit(entry, zip).then(
          () => {
            zip.readEntry();
          },
          (cause: unknown) => {
            reject(corrupt(cause));
          },
        );
      });
      zip.on('end', resolve);
      zip.on('error', (cause: Error) => {
        reject(corrupt(cause));
      });
      zip.readEntry();
    });
  });
}

function unpack(zip: ZipFile, entry: Entry, most: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error !== null) {
        reject(error);
        return;
      }
      const pieces: Buffer[] = [];
      let size = 0;
      stream.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > most) stream.destroy(new SkipError('too_large', 'Unpacked it is too large.'));
        else pieces.push(piece);
      });
      stream.on('end', () => {
        resolve(Buffer.concat(pieces));
      });
      stream.on('error', reject);
    });
  });
}
