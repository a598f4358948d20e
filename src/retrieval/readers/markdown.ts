// Markdown: headings, paragraphs, lists, tables and code where mdast finds them. The text stays as it was written, marks and
// all, so that offsets are those of the file.
import type { Nodes } from 'mdast';
import { decodeText } from './decode.js';
import type { Block, Content, Metadata, Reader } from './types.js';

export const readMarkdown: Reader = async (bytes) => {
  const { text, encoding } = await decodeText(bytes);
  return parseMarkdown(text, { encoding });
};

async function parseMarkdown(text: string, metadata: Metadata): Promise<Content> {
  const [{ fromMarkdown }, { gfmFromMarkdown }, { gfm }] = await Promise.all([
    import('mdast-util-from-markdown'),
    import('mdast-util-gfm'),
    import('micromark-extension-gfm'),
  ]);
  // Front matter would parse as a rule and a heading.
  const front = /^---\r?\n[^]*?\r?\n---\r?\n/u.exec(text)?.[0].length ?? 0;
  const tree = fromMarkdown(text.slice(front), { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
  const blocks: Block[] = [];
  let title = /^title:\s*["']?(.+?)["']?\s*$/mu.exec(text.slice(0, front))?.[1];
  for (const node of tree.children) {
    const stretch = { start: front + node.position!.start.offset!, end: front + node.position!.end.offset! };
    switch (node.type) {
      case 'heading': {
        blocks.push({ kind: 'heading', level: node.depth, ...stretch });
        if (node.depth === 1) title ??= plainText(node);
        break;
      }
      case 'code':
        blocks.push({ kind: 'code', ...stretch });
        break;
      case 'list':
        // An item is a unit as a paragraph is.
        for (const { position } of node.children) {
          blocks.push({ kind: 'text', start: front + position!.start.offset!, end: front + position!.end.offset! });
        }
        break;
      case 'thematicBreak':
      case 'definition':
        break;
      default:
        blocks.push({ kind: 'text', ...stretch });
    }
  }
  return { kind: 'markdown', ...(title === undefined ? {} : { title }), text, blocks, metadata };
}

function plainText(node: Nodes): string {
  if ('value' in node) return node.value;
  return 'children' in node ? node.children.map(plainText).join('') : '';
}
