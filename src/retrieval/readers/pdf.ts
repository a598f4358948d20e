// PDF, through pdf.js: the text of its pages. Not here: lines and paragraphs (pdf-lines.ts), pictures of text (no OCR).
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { Item } from './pdf-layout.js';
import { pageText } from './pdf-lines.js';
import { outlineOf, withHeadings } from './pdf-outline.js';
import { paragraphs } from './text.js';
import { SkipError, type Block, type Reader } from './types.js';

export const readPdf: Reader = async (bytes) => {
  const { getDocumentProxy } = await import('unpdf');
  const options = { verbosity: 0, ...characterMaps() };
  const pdf = await getDocumentProxy(new Uint8Array(bytes), options).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw new SkipError('protected', 'It is protected by a password.', { cause: error });
    }
    throw new SkipError('corrupt', `It is not a sound PDF: ${messageOf(error)}`, { cause: error });
  });
  try {
    let text = '';
    const pages: number[] = [];
    const blocks: Block[] = [];
    let pictures = 0;
    for (let number = 1; number <= pdf.numPages; number++) {
      const start = text.length;
      pages.push(start);
      const page = await pdf.getPage(number);
      const read = pageText((await page.getTextContent()).items as Item[]);
      if (read === '') pictures++;
      text += `${read}\n\n`;
      blocks.push(...paragraphs(text, start));
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
      blocks: withHeadings(text, blocks, pages, await outlineOf(pdf)),
      pages,
      metadata: { pages: pdf.numPages, ...(author ? { author } : {}) },
      left:
        pictures === 0
          ? []
          : [{ what: `${pictures} of ${pdf.numPages} pages`, why: 'there is no text on them, and no OCR' }],
    };
  } finally {
    await pdf.loadingTask.destroy();
  }
};

/** Which bytes are which characters in Chinese, Japanese and Korean files that do not say it themselves: files of pdf.js that
 * unpdf lacks. Of the packages that have them this is the smallest. Without it all other files are read. */
function characterMaps(): { cMapUrl?: string; cMapPacked?: true } {
  try {
    const entry = createRequire(import.meta.url).resolve('pdf.js-extract');
    return { cMapUrl: join(dirname(entry), 'cmaps') + sep, cMapPacked: true };
  } catch {
    return {};
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
