// Books in EPUB: their chapters in the order of the spine, each read as a page of HTML. Not here: books under digital rights.
import { contentOfPage } from './html.js';
import { JoinedContent } from './joined.js';
import { SkipError, type Reader } from './types.js';
import { besidePath, elementsOf, plainXml, tagsOf } from './xml.js';
import { readZip, requireSaneZip } from './zip.js';

export const readEpub: Reader = async (bytes) => {
  await requireSaneZip(bytes, 'EPUB book');
  const files = await readZip(bytes, (name) => /\.(?:opf|x?html?|xml)$/iu.test(name));
  const textOf = (path: string): string => files.get(path)?.toString('utf8') ?? '';
  if (files.has('META-INF/rights.xml')) throw new SkipError('protected', 'It is under digital rights management.');
  const [root] = tagsOf(textOf('META-INF/container.xml'), 'rootfile');
  const packagePath = root?.get('full-path') ?? [...files.keys()].find((name) => name.endsWith('.opf')) ?? '';
  const description = textOf(packagePath);
  if (description === '') throw new SkipError('corrupt', 'It is not a sound EPUB book: it does not say what is in it.');
  const hrefs = new Map<string, string>();
  for (const item of tagsOf(description, 'item')) hrefs.set(item.get('id') ?? '', item.get('href') ?? '');
  const joined = new JoinedContent();
  for (const reference of tagsOf(description, 'itemref')) {
    const href = hrefs.get(reference.get('idref') ?? '') ?? '';
    const source = textOf(besidePath(packagePath, decoded(href)));
    if (source !== '') joined.add(await contentOfPage(source), '', undefined);
  }
  const told = (name: string): string => plainXml([...elementsOf(description, `dc:${name}`)][0] ?? '').trim();
  const [title, author] = [told('title'), told('creator')];
  return {
    kind: 'epub',
    ...(title === '' ? {} : { title }),
    ...{ text: joined.text, blocks: joined.blocks },
    metadata: author === '' ? {} : { author },
  };
};

function decoded(href: string): string {
  try {
    return decodeURIComponent(href.replace(/#.*$/u, ''));
  } catch {
    return href;
  }
}
