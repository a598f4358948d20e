// Slides of PowerPoint: each is a page, with its title as heading, its paragraphs, rows of its tables and its notes. Not here:
// pictures and diagrams.
import { SkipError, type Block, type Reader } from './types.js';
import { besidePath, elementsOf, plainXml, tagsOf } from './xml.js';
import { readZip, requireSaneZip } from './zip.js';

export const readPptx: Reader = async (bytes) => {
  if (bytes.toString('hex', 0, 4) === 'd0cf11e0') throw new SkipError('protected', 'It is protected by a password.');
  await requireSaneZip(bytes, 'presentation');
  const files = await readZip(bytes, (name) =>
    /^ppt\/(?:presentation|slides\/|notesSlides\/|_rels\/).*(?:xml|rels)$/u.test(name),
  );
  const textOf = (path: string): string => files.get(path)?.toString('utf8') ?? '';
  const related = (path: string): Map<string, { type: string; path: string }> => {
    const rels = textOf(path.replace(/([^/]+)$/u, '_rels/$1.rels'));
    return new Map(
      [...tagsOf(rels, 'Relationship')].map((one) => [
        one.get('Id') ?? '',
        { type: one.get('Type') ?? '', path: besidePath(path, one.get('Target') ?? '') },
      ]),
    );
  };
  const main = 'ppt/presentation.xml';
  if (textOf(main) === '') throw new SkipError('corrupt', 'It is not a sound presentation: it has no list of slides.');
  const slides = related(main);
  let text = '';
  const blocks: Block[] = [];
  const pages: number[] = [];
  const add = (kind: Block['kind'], line: string): void => {
    if (line === '') return;
    blocks.push({
      kind,
      ...(kind === 'heading' ? { level: 1 } : {}),
      start: text.length,
      end: text.length + line.length,
    });
    text += `${line}\n\n`;
  };
  for (const slide of tagsOf(textOf(main), 'sldId')) {
    const path = slides.get(slide.get('r:id') ?? '')?.path ?? '';
    const xml = textOf(path);
    if (xml === '') continue;
    text += '\n'; // each page begins at a place of its own
    pages.push(text.length);
    let isFirst = true;
    for (const shape of shapesOf(xml)) {
      const isTitle = /<p:ph[^<>]*type="(?:ctrT|t)itle"/u.test(shape);
      const lines = linesOf(shape);
      if (isTitle) add('heading', lines.join(' '));
      else for (const line of lines) add('text', line);
      isFirst &&= !isTitle;
    }
    const notes = [...related(path).values()].find(({ type }) => type.endsWith('/notesSlide'));
    if (notes !== undefined) {
      for (const shape of shapesOf(textOf(notes.path))) {
        // The number of the slide is a shape, too.
        if (!/<p:ph[^<>]*type="sldNum"/u.test(shape)) for (const line of linesOf(shape)) add('text', line);
      }
    }
  }
  return { kind: 'pptx', text, blocks, pages, metadata: { pages: pages.length } };
};

/** Shapes and tables, as they are drawn; the title first, wherever it is. */
function shapesOf(xml: string): string[] {
  const shapes = xml.split(/(?=<p:(?:sp|graphicFrame)[ >])/u).slice(1);
  const isTitle = (shape: string): boolean => /<p:ph[^<>]*type="(?:ctrT|t)itle"/u.test(shape);
  return [...shapes.filter(isTitle), ...shapes.filter((shape) => !isTitle(shape))];
}

/** Paragraphs; of a table rows. */
function linesOf(shape: string): string[] {
  const rows = [...elementsOf(shape, 'a:tr')];
  if (rows.length === 0) return [...elementsOf(shape, 'a:p')].map(wordsOf).filter((line) => line !== '');
  return rows.map((row) =>
    [...elementsOf(row, 'a:tc')]
      .map(wordsOf)
      .filter((cell) => cell !== '')
      .join(' | '),
  );
}

function wordsOf(xml: string): string {
  const spaced = xml.replace(/<a:(?:br|tab)[^<>]*>|<\/a:p>/gu, '<a:t> </a:t>');
  return plainXml([...elementsOf(spaced, 'a:t')].join(''))
    .replace(/\s+/gu, ' ')
    .trim();
}
