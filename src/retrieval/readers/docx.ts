// Word documents: mammoth makes HTML of their styles, and that is read as HTML is.
import { contentOfHtml } from './html.js';
import { SkipError, type Reader } from './types.js';

/** Of the archive, unpacked; a bomb says more, or lies and fails. */
const MOST_BYTES = 256 * 2 ** 20;

export const readDocx: Reader = async (bytes) => {
  // Word wraps an encrypted document into the format that it used before .docx.
  if (bytes.toString('hex', 0, 4) === 'd0cf11e0') {
    throw new SkipError('protected', 'It is protected by a password, or a document of an old Word.');
  }
  await requireSane(bytes);
  const { default: mammoth } = await import('mammoth');
  // Pictures would be inlined as base64.
  const noImages = mammoth.images.imgElement(() => Promise.resolve({ src: '' }));
  try {
    const { value } = await mammoth.convertToHtml({ buffer: bytes }, { convertImage: noImages });
    return await contentOfHtml('docx', value);
  } catch (error) {
    throw new SkipError('corrupt', `It is not a sound Word document: ${messageOf(error)}`, { cause: error });
  }
};

async function requireSane(bytes: Buffer): Promise<void> {
  const { fromBuffer } = await import('yauzl');
  const size = await new Promise<number>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: false }, (error, zip) => {
      if (error !== null) {
        reject(new SkipError('corrupt', `It is not a sound Word document: ${error.message}`, { cause: error }));
        return;
      }
      let total = 0;
      zip.on('entry', ({ uncompressedSize }: { uncompressedSize: number }) => (total += uncompressedSize));
      zip.on('end', () => {
        resolve(total);
      });
      zip.on('error', (cause: Error) => {
        reject(new SkipError('corrupt', `It is not a sound Word document: ${cause.message}`, { cause }));
      });
    });
  });
  if (size > MOST_BYTES) throw new SkipError('too_large', `Unpacked it is ${Math.round(size / 1e6)} MB.`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
