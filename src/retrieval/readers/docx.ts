// Word documents: mammoth makes HTML of their styles, and that is read as HTML is; headers, footers and comments, which it leaves
// out, are read beside it. Not here: those (docx-parts.ts).
import { partsBeside } from './docx-parts.js';
import { contentOfHtml } from './html.js';
import { SkipError, type Reader } from './types.js';
import { requireSaneZip } from './zip.js';

export const readDocx: Reader = async (bytes) => {
  // Word wraps an encrypted document into the format that it used before .docx.
  if (bytes.toString('hex', 0, 4) === 'd0cf11e0') {
    throw new SkipError('protected', 'It is protected by a password, or a document of an old Word.');
  }
  await requireSaneZip(bytes, 'Word document');
  const { default: mammoth } = await import('mammoth');
  // Pictures would be inlined as base64.
  const noImages = mammoth.images.imgElement(() => Promise.resolve({ src: '' }));
  try {
    const { value } = await mammoth.convertToHtml({ buffer: bytes }, { convertImage: noImages });
    const { before, after, metadata } = await partsBeside(bytes);
    return await contentOfHtml('docx', before + value + after, metadata);
  } catch (error) {
    if (error instanceof SkipError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new SkipError('corrupt', `It is not a sound Word document: ${why}`, { cause: error });
  }
};
