// Documents of OpenDocument (text, slides): their headings, paragraphs and tables as HTML, which is read as such. Not here: HTML
// (html.ts), sheets (ods.ts).
import { contentOfHtml } from './html.js';
import { sheetsOf } from './ods.js';
import { SkipError, type Reader } from './types.js';
import { elementsOf, plainXml } from './xml.js';
import { readZip, requireSaneZip } from './zip.js';

export const readOdt: Reader = async (bytes) => {
  await requireSaneZip(bytes, 'OpenDocument');
  const files = await readZip(bytes, (name) =>
    ['content.xml', 'styles.xml', 'meta.xml', 'META-INF/manifest.xml'].includes(name),
  );
  const textOf = (path: string): string => files.get(path)?.toString('utf8') ?? '';
  if (textOf('META-INF/manifest.xml').includes('encryption-data')) {
    throw new SkipError('protected', 'It is protected by a password.');
  }
  const source = textOf('content.xml');
  const [body] = elementsOf(source, 'office:body');
  if (body === undefined) throw new SkipError('corrupt', 'It is not a sound OpenDocument: it has no body.');
  const [sheets] = elementsOf(body, 'office:spreadsheet');
  if (sheets !== undefined) return sheetsOf(sheets);
  // Headers and footers are among the styles.
  const [master = ''] = elementsOf(textOf('styles.xml'), 'office:master-styles');
  const told = (name: string): string => plainXml([...elementsOf(textOf('meta.xml'), name)][0] ?? '').trim();
  const [title, author] = [told('dc:title'), told('meta:initial-creator')];
  const content = await contentOfHtml('odt', htmlOf(body) + htmlOf(master), author === '' ? {} : { author });
  return title === '' ? content : { ...content, title };
};

const TAGS: Record<string, string> = {
  'text:p': 'p',
  'text:list-item': 'li',
  'table:table': 'table',
  'table:table-row': 'tr',
  'table:table-cell': 'td',
};

function htmlOf(xml: string): string {
  let level = '1';
  const kept = xml.replace(/<text:tracked-changes[^]*?(?:<\/text:tracked-changes>|$)/gu, '');
  return kept.replace(
    /<(\/?)([\w:-]{1,60})(?![\w:-])([^<>]*?)(\/?)>/gu,
    (_, end: string, name: string, rest: string, isEmpty: string) => {
      if (name === 'text:h') {
        if (end === '') level = /outline-level="([1-6])"/u.exec(rest)?.[1] ?? '1';
        return `<${end}h${level}>`;
      }
      if (name === 'text:s' || name === 'text:tab') return ' ';
      if (name === 'text:line-break') return '<br>';
      const tag = TAGS[name];
      if (tag === undefined) return '';
      return isEmpty === '' ? `<${end}${tag}>` : `<${tag}></${tag}>`;
    },
  );
}
