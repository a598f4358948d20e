// As much of XML as the parts of an office file need: attributes and text, by patterns that take each part once. Not a parser: a
// file that is no sound XML gives less text, never an error, and no entity of its own is looked up.

/** Characters of a tag that are looked at. */
const LONGEST_TAG = 4000;

/** The attributes of a tag. */
export function attributesOf(tag: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const { 1: name, 2: double, 3: single } of tag
    .slice(0, LONGEST_TAG)
    .matchAll(/([\w:.-]{1,100})\s*=\s*(?:"([^"]*)"|'([^']*)')/gu)) {
    found.set(name!, plainXml(double ?? single ?? ''));
  }
  return found;
}

/** The start tags of a name, with their attributes. */
export function* tagsOf(xml: string, name: string): Generator<Map<string, string>> {
  for (const { 0: tag } of xml.matchAll(new RegExp(`<(?:[\\w.-]+:)?${name}(?=[\\s/>])[^<>]*>`, 'gu')))
    yield attributesOf(tag);
}

/** The inside of each element of a name, as written with its prefix; none of those that are empty. */
export function* elementsOf(xml: string, name: string): Generator<string> {
  for (const { tag, inside } of taggedOf(xml, name)) if (!tag.endsWith('/>')) yield inside;
}

/** Each element of a name with its start tag. */
export function* taggedOf(xml: string, name: string): Generator<{ tag: string; inside: string }> {
  const start = new RegExp(`<${name}(?=[\\s/>])[^<>]*>`, 'gu');
  const end = `</${name}>`;
  for (let found = start.exec(xml); found !== null; found = start.exec(xml)) {
    const [tag] = found;
    if (tag.endsWith('/>')) {
      yield { tag, inside: '' };
      continue;
    }
    const to = xml.indexOf(end, start.lastIndex);
    if (to === -1) return;
    yield { tag, inside: xml.slice(start.lastIndex, to) };
    start.lastIndex = to;
  }
}

const NAMES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text without its escapes. */
export function plainXml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/giu, (whole, name, decimal, hex) => {
    if (typeof name === 'string') return NAMES[name.toLowerCase()]!;
    const code = typeof decimal === 'string' ? Number(decimal) : parseInt(hex as string, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** What a path inside an archive means beside another. */
export function besidePath(of: string, path: string): string {
  const parts = path.startsWith('/') ? [] : of.split('/').slice(0, -1);
  for (const part of path.replace(/^\//u, '').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
