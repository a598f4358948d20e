// The outline of a PDF as headings: each entry at the line of its page that has its words. An entry whose words are not on its page is
// passed over. Not here: opening files (pdf.ts).
import { trimmed } from './text.js';
import type { Block } from './types.js';

/** As little of pdf.js as is needed here. */
export interface Outlined {
  getOutline: () => Promise<OutlineItem[] | null>;
  getDestination: (name: string) => Promise<unknown[] | null>;
  getPageIndex: (reference: never) => Promise<number>;
}

interface OutlineItem {
  title: string;
  dest: string | unknown[] | null;
  items: OutlineItem[];
}

export interface Entry {
  title: string;
  level: number;
  /** From 0. */
  page: number;
}

/** More and deeper ones are an attack. */
const MOST = 5000;
const DEEPEST = 6;
const LONGEST_TITLE = 300;

/** The entries that say where they are. */
export async function outlineOf(pdf: Outlined): Promise<Entry[]> {
  const entries: Entry[] = [];
  const visit = async (items: readonly OutlineItem[], level: number): Promise<void> => {
    for (const { title, dest, items: below } of items) {
      if (entries.length >= MOST) return;
      const page = await pageOf(pdf, dest).catch(() => undefined);
      if (page !== undefined && title.trim() !== '' && title.length <= LONGEST_TITLE)
        entries.push({ title: title.trim(), level, page });
      if (level < DEEPEST) await visit(below, level + 1);
    }
  };
  await visit((await pdf.getOutline().catch(() => null)) ?? [], 1);
  return entries;
}

async function pageOf(pdf: Outlined, dest: OutlineItem['dest']): Promise<number | undefined> {
  const found = typeof dest === 'string' ? await pdf.getDestination(dest) : dest;
  const target = found?.[0];
  if (typeof target === 'number') return target;
  return typeof target === 'object' && target !== null ? pdf.getPageIndex(target as never) : undefined;
}

/** The blocks of a text with headings where entries are. @param pages where they begin in the text */
export function withHeadings(
  text: string,
  blocks: readonly Block[],
  pages: readonly number[],
  entries: readonly Entry[],
): Block[] {
  let at = 0;
  const headings: Block[] = [];
  for (const { title, level, page } of entries) {
    const start = Math.max(at, pages[page] ?? text.length);
    const end = pages[page + 1] ?? text.length;
    const found = lineWith(text.slice(start, end), title);
    if (found === undefined) continue;
    at = start + found.end;
    headings.push({ kind: 'heading', level, start: start + found.start, end: at });
  }
  return headings.length === 0 ? [...blocks] : divided(text, blocks, headings);
}

/** The line, or lines, with these words and no other but a number before them. */
function lineWith(text: string, title: string): { start: number; end: number } | undefined {
  const words = title.split(/\s+/u).map((word) => word.replace(/[$()*+.?[\\\]^{|}/-]/gu, '\\$&'));
  const found = new RegExp(
    `(?<=^|\\n)[^\\S\\n]*((?:[\\p{L}\\p{N}.]{1,12}[^\\S\\n]+)?${words.join('\\s+')})[^\\S\\n]*(?=\\n|$)`,
    'iu',
  ).exec(text);
  if (found === null) return undefined;
  const start = found.index + found[0].indexOf(found[1]!);
  return { start, end: start + found[1]!.length };
}

/** Text blocks without the stretches that are headings. */
function divided(text: string, blocks: readonly Block[], headings: readonly Block[]): Block[] {
  const out: Block[] = [];
  const put = (block: Block, start: number, end: number): void => {
    const stretch = trimmed(text, start, end);
    if (stretch !== undefined) out.push({ ...block, ...stretch });
  };
  let next = 0;
  for (const block of blocks) {
    let from = block.start;
    for (; next < headings.length && headings[next]!.start < block.end; next++) {
      const heading = headings[next]!;
      put(block, from, heading.start);
      out.push(heading);
      from = heading.end;
    }
    put(block, from, block.end);
  }
  return out;
}
