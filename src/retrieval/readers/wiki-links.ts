// What notes of Obsidian say beside their text: tags in it (#clay), and the notes that they link to ([[Kiln firing|there]]). As fields,
// with those of the front matter. Not here: the note behind a link.
import type { Block, Metadata } from './types.js';

/** Of a note so many of each are kept. */
const MOST = 100;
const LONGEST = 200;

const LINK = /!?\[\[([^[\]|#^\n]{1,200})(?:[#^][^[\]|\n]{0,200})?(?:\|[^[\]\n]{0,200})?\]\]/gu;

/** A number is no tag: #1 is a place in a list. */
const TAG = /(?<![^\s(])#([\p{L}\p{N}_/-]*[\p{L}_][\p{L}\p{N}_/-]*)/gu;

/** `fields` with the tags and links of a text, each once; `isWiki`: there are such links. */
export function withWikiFields(
  text: string,
  blocks: readonly Block[],
  fields: Metadata,
): { fields: Metadata; isWiki: boolean } {
  const tags = new Set<string>();
  const links = new Set<string>();
  for (const { kind, start, end } of blocks) {
    if (kind === 'code' || kind === 'record') continue;
    const part = text.slice(start, end);
    if (part.includes('[[')) for (const { 1: link } of part.matchAll(LINK)) add(links, link!.trim());
    if (part.includes('#')) for (const { 1: tag } of part.matchAll(TAG)) add(tags, tag!);
  }
  return { fields: listed('links', links, listed('tags', tags, fields)), isWiki: links.size > 0 };
}

function add(to: Set<string>, value: string): void {
  if (to.size < MOST && value.length <= LONGEST && value !== '') to.add(value);
}

/** A list goes on after the values that the front matter has. */
function listed(name: string, values: ReadonlySet<string>, fields: Metadata): Metadata {
  if (values.size === 0) return fields;
  const isOne = new RegExp(`^${name}(?:\\.\\d+)?$`, 'u');
  const known = Object.entries(fields).filter(([key]) => isOne.test(key));
  const all = new Set([...known.map(([, value]) => String(value)), ...values]);
  const rest = Object.entries(fields).filter(([key]) => !isOne.test(key));
  return Object.fromEntries([...rest, ...[...all].map((value, i) => [`${name}.${i}`, value] as const)]);
}
