// HTML: the article that Readability finds, or all of the body but navigation where it finds none. Marks are gone from the
// text; offsets are those in what is left.
import { decodeText } from './decode.js';
import type { Block, Content, Metadata, Reader } from './types.js';

/** As little of the DOM as is needed here. */
interface Node {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  childNodes: Iterable<Node>;
}

interface Page {
  title: string;
  body: Node;
}

/** The libraries' own types are those of the browser's DOM, which is not here. */
interface Libraries {
  parseHTML: (source: string) => { document: Page };
  isProbablyReaderable: (page: Page) => boolean;
  Readability: new (
    page: Page,
    options: { serializer: (element: Node) => Node },
  ) => { parse: () => { content: Node | null } | null };
}

const TEXT_NODE = 3;
const HIDDEN = new Set('SCRIPT STYLE NOSCRIPT TEMPLATE NAV FOOTER ASIDE HEAD IFRAME SVG FORM BUTTON SELECT'.split(' '));
const BLOCKS = new Set(
  (
    'P DIV SECTION ARTICLE MAIN HEADER UL OL LI DL DT DD TABLE TR BLOCKQUOTE PRE FIGURE FIGCAPTION ADDRESS DETAILS SUMMARY ' +
    'BODY HTML H1 H2 H3 H4 H5 H6 HR'
  ).split(' '),
);

export const readHtml: Reader = async (bytes) => {
  const declared = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/iu.exec(bytes.toString('latin1', 0, 4096))?.[1];
  const { text: source, encoding } = await decodeText(bytes, declared);
  const { parseHTML, Readability, isProbablyReaderable } = await loadLibraries();
  const parse = (): Page => parseHTML(/<(?:html|body)\b/iu.test(source) ? source : wrap(source)).document;
  const document = parse();
  const title = document.title.trim();
  let root = document.body;
  if (isProbablyReaderable(document)) {
    // It changes what it reads.
    const article = new Readability(parse(), { serializer: (element) => element }).parse();
    root = article?.content ?? root;
  }
  return contentOf('html', root, title, { encoding });
};

/** Content of HTML that was made by a converter: all of it is the document. */
export async function contentOfHtml(kind: Content['kind'], source: string, metadata: Metadata = {}): Promise<Content> {
  const { parseHTML } = await loadLibraries();
  return contentOf(kind, parseHTML(wrap(source)).document.body, '', metadata);
}

async function loadLibraries(): Promise<Libraries> {
  const [{ parseHTML }, { Readability, isProbablyReaderable }] = await Promise.all([
    import('linkedom'),
    import('@mozilla/readability'),
  ]);
  return { parseHTML, Readability, isProbablyReaderable } as unknown as Libraries;
}

function wrap(body: string): string {
  return `<!doctype html><html><head></head><body>${body}</body></html>`;
}

function contentOf(kind: Content['kind'], root: Node, given: string, metadata: Metadata): Content {
  const { text, blocks } = flatten(root);
  const first = blocks.find((block) => block.kind === 'heading');
  const title = given !== '' ? given : first === undefined ? '' : text.slice(first.start, first.end);
  return { kind, ...(title === '' ? {} : { title }), text, blocks, metadata };
}

/** The text of a tree, one block for each element that begins a line. */
function flatten(root: Node): { text: string; blocks: Block[] } {
  let text = '';
  const blocks: Block[] = [];
  let line = '';
  let shape: Pick<Block, 'kind' | 'level'> = { kind: 'text' };
  const flush = (): void => {
    const trimmed = shape.kind === 'code' ? line.replace(/^\n+|\s+$/gu, '') : line.trim();
    line = '';
    if (trimmed === '') return;
    if (text !== '') text += '\n\n';
    blocks.push({ ...shape, start: text.length, end: text.length + trimmed.length });
    text += trimmed;
  };
  const visit = (node: Node): void => {
    const name = node.nodeName.toUpperCase();
    if (node.nodeType === TEXT_NODE) {
      const piece = node.textContent ?? '';
      const folded = shape.kind === 'code' ? piece : piece.replace(/\s+/gu, ' ');
      line += line.endsWith(' ') ? folded.trimStart() : folded;
    } else if (name === 'BR') line += shape.kind === 'code' ? '\n' : ' ';
    else if (name === 'TD' || name === 'TH') {
      if (line.trim() !== '') line += ' | ';
      visitAll(node);
    } else if (BLOCKS.has(name)) {
      flush();
      const outer = shape;
      const level = /^H([1-6])$/u.exec(name)?.[1];
      if (level !== undefined) shape = { kind: 'heading', level: Number(level) };
      else if (name === 'PRE') shape = { kind: 'code' };
      visitAll(node);
      flush();
      shape = outer;
    } else if (!HIDDEN.has(name)) visitAll(node);
  };
  const visitAll = (node: Node): void => {
    for (const child of node.childNodes) visit(child);
  };
  visit(root);
  flush();
  return { text, blocks };
}
