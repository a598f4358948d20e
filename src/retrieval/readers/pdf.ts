// PDF, through pdf.js: the text of its pages. Not here: lines and paragraphs (pdf-lines.ts), pictures of text (no OCR).
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { Item } from './pdf-layout.js';
import { pageText, type PdfTable } from './pdf-lines.js';
import { outlineOf, withHeadings } from './pdf-outline.js';
import { rowBlocks } from './table.js';
import { paragraphs, trimmed } from './text.js';
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
      const { text: read, tables } = pageText((await page.getTextContent()).items as Item[]);
      if (read === '') pictures++;
      text += `${read}\n\n`;
      blocks.push(...withTables(text, paragraphs(text, start), start, tables));
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
      ...(isTitle(title) ? { title } : {}),
      text,
      blocks: withHeadings(text, blocks, pages, await outlineOf(pdf)),
      pages,
      metadata: { pages: pdf.numPages, ...(isTitle(author) ? { author } : {}) },
      left:
        pictures === 0
          ? []
          : [{ what: `${pictures} of ${pdf.numPages} pages`, why: 'there is no text on them, and no OCR' }],
    };
  } finally {
    await pdf.loadingTask.destroy();
  }
};

/** The blocks of a page, from `start` on, in which rows of tables are passages of their own. */
function withTables(text: string, blocks: Block[], start: number, tables: readonly PdfTable[]): Block[] {
  let all = blocks;
  for (const { names, header, rows } of tables) {
    const placed = rows.map((row) => ({ ...row, start: row.start + start, end: row.end + start }));
    const own = rowBlocks(names, placed);
    if (own === undefined) continue;
    const [from, to] = [header + start, placed.at(-1)!.end];
    const cut = (block: Block): Block[] => {
      if (block.end <= from || block.start >= to) return [block];
      const parts = [
        { ...block, end: Math.min(block.end, from) },
        { ...block, start: Math.max(block.start, to) },
      ];
      return parts.flatMap((part) => {
        const filled = trimmed(text, part.start, part.end);
        return filled === undefined ? [] : [{ ...part, ...filled }];
      });
    };
    all = [...all.flatMap(cut), ...own].sort((a, b) => a.start - b.start);
  }
  return all;
}

/** Programs that have no title write that they have none: `(anonymous)`, `untitled`, the name of their own file. */
function isTitle(title: string | undefined): title is string {
  return (
    title !== undefined &&
    title !== '' &&
    !/^(?:\(.*\)|untitled.*|.*\.(?:docx?|odt|rtf|pptx?|xlsx?|tex|dvi|ps|pdf|html?|indd|qxd|pages))$/iu.test(title)
  );
}

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
