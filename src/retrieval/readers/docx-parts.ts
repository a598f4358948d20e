// What stands in a Word document beside its body: headers and footers, each text once, comments, and who wrote it. As HTML, to
// be read with the body. Not here: the body (docx.ts).
import type { Metadata } from './types.js';
import { readZip } from './zip.js';

interface Parts {
  before: string;
  after: string;
  metadata: Metadata;
}

export async function partsBeside(bytes: Buffer): Promise<Parts> {
  const files = await readZip(bytes, (name) =>
    /^(?:word\/(?:header|footer|comments)\d*|docProps\/core)\.xml$/u.test(name),
  );
  const seen = new Set<string>();
  const html = (prefix: string): string =>
    [...files]
      .filter(([name]) => name.startsWith(`word/${prefix}`))
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .flatMap(([, xml]) => paragraphsOf(xml.toString('utf8')))
      .filter((text) => !seen.has(text) && seen.add(text))
      .map((text) => `<p>${text}</p>`)
      .join('');
  const core = files.get('docProps/core.xml')?.toString('utf8') ?? '';
  const author = /<dc:creator>([^<]+)<\/dc:creator>/u.exec(core)?.[1]?.trim() ?? '';
  return {
    before: html('header'),
    after: html('footer') + html('comments'),
    metadata: author === '' ? {} : { author: unescapeXml(author) },
  };
}

/** The text of each paragraph, still escaped as XML and so as HTML. A field (a page's number) keeps what it last was. */
function paragraphsOf(xml: string): string[] {
  return xml
    .split(/<\/w:p>/u)
    .map((paragraph) => {
      let text = '';
      for (const { 0: tag, 1: run } of paragraph.matchAll(
        /<w:t(?:\s[^<>]*)?>([^<]*)<\/w:t>|<w:(?:tab|br|cr)\b[^<>]*>/gu,
      )) {
        text += run ?? (tag.startsWith('<w:tab') ? ' ' : ' ');
      }
      return text.replace(/\s+/gu, ' ').trim();
    })
    .filter((text) => /[\p{L}\p{N}]/u.test(text) && !/^(?:page\s*)?\d+$/iu.test(text));
}

function unescapeXml(text: string): string {
  const names: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(amp|lt|gt|quot|apos);/gu, (_, name: string) => names[name]!);
}
