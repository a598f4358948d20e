// Markdown: headings, paragraphs, lists, tables and code where mdast finds them. The text stays as it was written, marks and
// all, so that offsets are those of the file. Not here: what stands inside a paragraph, which takes most of the time to parse
// and says nothing about where it is.
import { basename, extname } from 'node:path';
import { aboutDecoded, decodeText } from './decode.js';
import { frontMatterOf } from './front-matter.js';
import { tableInText } from './text-table.js';
import type { Block, Content, Metadata, Reader } from './types.js';
import { withWikiFields } from './wiki-links.js';

export const readMarkdown: Reader = async (bytes, path, reading) => {
  const { text, ...about } = await decodeText(bytes, reading);
  const content = await parseMarkdown(text);
  const { fields, isWiki } = withWikiFields(text, content.blocks, content.metadata ?? {});
  // The name of a note that others link to is its title.
  const title = content.title ?? (isWiki ? basename(path, extname(path)) : undefined);
  return { ...content, ...(title === undefined ? {} : { title }), ...aboutDecoded(about, fields) };
};

/** Constructs of micromark that a line is not needed for. A definition is text like any other. */
const INLINE = (
  'attention autolink characterEscape characterReference codeText hardBreakEscape htmlText labelEnd labelStartImage ' +
  'labelStartLink definition'
).split(' ');

/** Content of a text in Markdown. */
export async function parseMarkdown(text: string, metadata: Metadata = {}): Promise<Content> {
  const { fromMarkdown } = await import('mdast-util-from-markdown');
  const front = await frontMatterOf(text);
  const from = front?.end ?? 0;
  const tree = fromMarkdown(text.slice(from), { extensions: [{ disable: { null: INLINE } }] });
  const blocks: Block[] = [];
  let title = front?.title;
  if (front?.block !== undefined) blocks.push({ kind: 'record', ...front.block });
  const add = (kind: Block['kind'], { position }: Positioned, level?: number): void => {
    const stretch = { start: from + position!.start.offset!, end: from + position!.end.offset! };
    blocks.push({ kind, ...(level === undefined ? {} : { level }), ...stretch });
  };
  for (const node of tree.children) {
    if (node.type === 'heading') {
      add('heading', node, node.depth);
      const { start, end } = blocks.at(-1)!;
      if (node.depth === 1) title ??= plainHeading(text.slice(start, Math.min(end, start + 1000)));
    } else if (node.type === 'list') {
      // An item is a unit as a paragraph is.
      for (const item of node.children) add('text', item);
    } else if (node.type === 'paragraph') {
      const [start, end] = [from + node.position!.start.offset!, from + node.position!.end.offset!];
      const rows = tableInText(text, start, end);
      if (rows === undefined) add('text', node);
      else for (const row of rows) blocks.push(row);
    } else if (node.type !== 'thematicBreak') add(node.type === 'code' ? 'code' : 'text', node);
  }
  return {
    kind: 'markdown',
    ...(title === undefined ? {} : { title }),
    text,
    blocks,
    metadata: { ...front?.fields, ...metadata },
  };
}

interface Positioned {
  position?: { start: { offset?: number | undefined }; end: { offset?: number | undefined } } | undefined;
}

/** `# **Title** #` as it reads. */
function plainHeading(source: string): string {
  return source
    .replace(/^\s*#+|#+\s*$|\n[=-]+\s*$/gu, '')
    .replace(/[*_`]+/gu, '')
    .trim();
}
