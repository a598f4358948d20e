// PDF, through pdf.js: the text of its pages, in the order the file draws it. Not here: pictures of text (no OCR).
import { paragraphs } from './text.js';
import { SkipError, type Reader } from './types.js';

export const readPdf: Reader = async (bytes) => {
  const { getDocumentProxy } = await import('unpdf');
  const pdf = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw new SkipError('protected', 'It is protected by a password.', { cause: error });
    }
    throw new SkipError('corrupt', `It is not a sound PDF: ${messageOf(error)}`, { cause: error });
  });
  try {
    let text = '';
    const pages: number[] = [];
    for (let number = 1; number <= pdf.numPages; number++) {
      pages.push(text.length);
      const page = await pdf.getPage(number);
      text += `${pageText((await page.getTextContent()).items as Item[])}\n\n`;
      page.cleanup();
    }
    if (text.trim() === '') {
      throw new SkipError('empty', `There is no text on its ${pdf.numPages} pages, only pictures.`);
    }
    const { info } = (await pdf.getMetadata().catch(() => ({ info: {} }))) as { info: Record<string, unknown> };
    const [title, author] = [info['Title'], info['Author']].map((value) =>
      typeof value === 'string' ? value.trim() : '',
    );
    return {
      kind: 'pdf',
      ...(title ? { title } : {}),
      text,
      blocks: paragraphs(text),
      pages,
      metadata: { pages: pdf.numPages, ...(author ? { author } : {}) },
    };
  } finally {
    await pdf.loadingTask.destroy();
  }
};

/** A run of characters as the page draws it. */
interface Item {
  str: string;
  hasEOL: boolean;
  /** The last two are where it stands on the page, in points. */
  transform: number[];
  height: number;
}

/** Lines joined to paragraphs: a gap between lines that is wider than the lines are high ends one. */
function pageText(items: readonly Item[]): string {
  let text = '';
  let last: { y: number; height: number } | undefined;
  for (const { str, hasEOL, transform, height } of items) {
    if (str !== '') {
      const y = transform[5] ?? 0;
      if (last !== undefined && text.endsWith('\n') && Math.abs(last.y - y) > 1.9 * Math.max(last.height, height)) {
        text += '\n';
      }
      text += str;
      last = { y, height };
    }
    if (hasEOL) text += '\n';
  }
  // A word divided at the end of a line is one word.
  return text.replace(/(\p{Ll})-\n(\p{Ll})/gu, '$1$2').trim();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
