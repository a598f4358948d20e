// HTML: all of a page that is text. Menus go, other lists of links and what stands beside the text come after it, since nothing
// tells for sure what a reader may do without. Marks are gone from the text; offsets are those in what is left. Not here: how
// the tree becomes text (html-text.ts).
import { aboutDecoded, decodeText } from './decode.js';
import type { Node } from './html-node.js';
import { flatten } from './html-text.js';
import { looksLikeTelegramPage, telegramPage } from './telegram-page.js';
import type { Content, Metadata, Reader } from './types.js';

interface Page {
  title: string;
  body: Node;
  querySelectorAll: (selector: string) => Iterable<{ getAttribute: (name: string) => string | null }>;
}

/** What a page says about itself, and characters of it that are kept. */
const TOLD = new Set(['author', 'description', 'keywords', 'date', 'language']);
const MOST_TOLD = 500;

export const readHtml: Reader = async (bytes, _, reading) => {
  const declared = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/iu.exec(bytes.toString('latin1', 0, 4096))?.[1];
  const { text: source, ...about } = await decodeText(bytes, reading, declared);
  if (looksLikeTelegramPage(source)) {
    const { messages, ...chat } = telegramPage(await parse(source));
    const told = aboutDecoded(about, { messages });
    if (messages > 0) return { ...chat, ...told, left: [...(chat.left ?? []), ...(told.left ?? [])] };
  }
  const content = await contentOfPage(source);
  const { left = [], ...metadata } = aboutDecoded(about, { ...savedFrom(source), ...content.metadata });
  const frames = source.match(/<iframe\b/giu)?.length ?? 0;
  const what = frames === 1 ? '1 frame' : `${frames} frames`;
  return {
    ...{ ...content, ...metadata },
    left: [...left, ...(frames === 0 ? [] : [{ what, why: 'each is a page of its own' }])],
  };
};

/** Where a page was saved from, as browsers and their extensions note it above the page. */
function savedFrom(source: string): Metadata {
  const head = source.slice(0, 8192);
  const comment = /<!--[^]{0,200}?(?:saved from url=\(\d+\)|url: ?)(https?:\/\/[^\s>]{1,500})/u.exec(head)?.[1];
  const canonical = /<link\s[^>]{0,200}rel=["']?canonical["']?[^>]{0,200}href=["']?(https?:\/\/[^"'\s>]{1,500})/u.exec(
    head,
  )?.[1];
  const url = comment ?? canonical;
  return url === undefined ? {} : { url };
}

/** Content of a whole page. */
export async function contentOfPage(source: string, metadata: Metadata = {}): Promise<Content> {
  const page = await parse(/<(?:html|body)\b/iu.test(source) ? source : wrap(source));
  return contentOf('html', page.body, page.title.trim(), { ...toldBy(page), ...metadata }, true);
}

/** Content of HTML that was made by a converter: all of it is the document. */
export async function contentOfHtml(kind: Content['kind'], source: string, metadata: Metadata = {}): Promise<Content> {
  return contentOf(kind, (await parse(wrap(source))).body, '', metadata, false);
}

async function parse(source: string): Promise<Page> {
  // The library's own types are those of the browser's DOM, which is not here.
  const library: unknown = await import('linkedom');
  return (library as { parseHTML: (source: string) => { document: Page } }).parseHTML(source).document;
}

function wrap(body: string): string {
  return `<!doctype html><html><head></head><body>${body}</body></html>`;
}

function toldBy(page: Page): Metadata {
  const told: Metadata = {};
  for (const element of page.querySelectorAll('meta')) {
    const name = (element.getAttribute('name') ?? element.getAttribute('property') ?? '').toLowerCase();
    const field = name === 'article:published_time' ? 'date' : name;
    const value = element.getAttribute('content')?.trim() ?? '';
    if (TOLD.has(field) && value !== '') told[field] ??= value.slice(0, MOST_TOLD);
  }
  return told;
}

function contentOf(kind: Content['kind'], root: Node, given: string, metadata: Metadata, isPage: boolean): Content {
  const { text, blocks } = flatten(root, isPage);
  const first = blocks.find((block) => block.kind === 'heading');
  const title = given !== '' ? given : first === undefined ? '' : text.slice(first.start, first.end);
  return { kind, ...(title === '' ? {} : { title }), text, blocks, metadata };
}
